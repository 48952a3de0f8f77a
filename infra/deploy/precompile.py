"""Bytecode for the modules of a Lambda package.

The file system of Lambda is read-only, so Python cannot cache bytecode there. Without bytecode in the package, each
cold start compiles every imported module, which takes longer than executing it.
"""

import py_compile
import sys
from contextlib import suppress
from pathlib import Path


def add_bytecode(directory: Path, location: str) -> None:
    """Compile each module below a directory for the running version of Python.

    `location` is the path of the directory in Lambda, for tracebacks. The bytecode is not validated against its source,
    because unpacking the package changes the modification times:
    https://docs.python.org/3/library/py_compile.html#py_compile.PycInvalidationMode
    """
    for module in directory.rglob("*.py"):
        with suppress(py_compile.PyCompileError):  # a template in a library need not be valid Python
            py_compile.compile(
                str(module),
                # Not importlib's cache_from_source(): PYTHONPYCACHEPREFIX would move the file out of the directory.
                str(module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"),
                f"{location}/{module.relative_to(directory)}",
                doraise=True,
                optimize=0,  # Lambda runs without -O
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
