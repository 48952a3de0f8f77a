"""Bytecode for the modules of a Lambda package.

Lambda's file system is read-only, so Python can't keep what it compiles. Without bytecode in the package, each cold
start compiles every imported module again, which takes longer than to run it.
"""

import py_compile
import sys
from contextlib import suppress
from pathlib import Path


def compile_tree(directory: Path, location: str) -> None:
    """Compile each module below a directory, for the Python that runs this.

    `location` is the directory's path in Lambda, for tracebacks. The bytecode is never compared with its source, whose
    time changes when it is unpacked: https://docs.python.org/3/library/py_compile.html#py_compile.PycInvalidationMode
    """
    for module in directory.rglob("*.py"):
        with suppress(py_compile.PyCompileError):  # a template in a library need not be valid Python
            py_compile.compile(
                str(module),
                # Not importlib's cache_from_source(), which follows PYTHONPYCACHEPREFIX out of the directory.
                str(module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"),
                f"{location}/{module.relative_to(directory)}",
                doraise=True,
                optimize=0,  # Lambda runs without -O
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
