"""Zip archives for Lambda and the bytecode in them."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from infra.deploy import archives, bytecode


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "package").mkdir(parents=True)
    (tree / "package" / "module.py").write_text("def place():\n    return place.__code__.co_filename\n")
    (tree / "data.json").write_text("{}")
    return tree


def bytecode_of(module: Path) -> Path:
    return module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"


def test_archive_members_are_readable_by_everybody(tree: Path) -> None:
    (tree / "data.json").chmod(0o600)
    members = zipfile.ZipFile(BytesIO(archives.pack(tree))).infolist()
    assert {it.filename: it.external_attr >> 16 for it in members} == {
        "data.json": 0o100644,
        "package/module.py": 0o100644,
    }


def test_archive_of_the_same_files_is_the_same(tree: Path) -> None:
    before = archives.pack(tree)
    os.utime(tree / "data.json", (0, 0))
    assert archives.pack(tree) == before


def test_interrupted_write_keeps_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    file.write_bytes(b"old")
    with pytest.raises(TypeError):
        archives.write("neither bytes", file)  # type: ignore[arg-type]  # fails after the part file is there
    assert [it.name for it in tmp_path.iterdir()] == ["archive.zip"]
    assert file.read_bytes() == b"old"


def test_compiled_module_names_its_place_in_lambda(tree: Path) -> None:
    bytecode.compile_tree(tree, "/var/task")
    compiled = bytecode_of(tree / "package" / "module.py")
    told = subprocess.run(
        [sys.executable, "-c", "import runpy, sys; print(runpy.run_path(sys.argv[1])['place']())", compiled],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "/var/task/package/module.py"


def test_file_that_is_no_python_does_not_stop_compilation(tree: Path) -> None:
    (tree / "a_template.py").write_text("class {{ name }}:")
    bytecode.compile_tree(tree, "/var/task")
    assert bytecode_of(tree / "package" / "module.py").exists()
    assert not bytecode_of(tree / "a_template.py").exists()


def test_bytecode_stays_in_the_tree_with_a_cache_prefix(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    bytecode.compile_tree(tree, "/var/task")
    assert bytecode_of(tree / "package" / "module.py").exists()
