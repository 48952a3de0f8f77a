"""Zip archives for Lambda and the bytecode in them."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from infra.deploy import archives, precompile


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "package").mkdir(parents=True)
    (tree / "package" / "module.py").write_text("def get_path():\n    return get_path.__code__.co_filename\n")
    (tree / "data.json").write_text("{}")
    return tree


def get_bytecode_path(module: Path) -> Path:
    return module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"


def test_archive_members_are_readable_by_all_users(tree: Path) -> None:
    (tree / "data.json").chmod(0o600)
    members = zipfile.ZipFile(BytesIO(archives.build_archive(tree))).infolist()
    assert {member.filename: member.external_attr >> 16 for member in members} == {
        "data.json": 0o100644,
        "package/module.py": 0o100644,
    }


def test_archive_of_the_same_files_is_identical(tree: Path) -> None:
    original = archives.build_archive(tree)
    os.utime(tree / "data.json", (0, 0))
    assert archives.build_archive(tree) == original


def test_interrupted_write_keeps_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    file.write_bytes(b"old")
    with pytest.raises(TypeError):
        archives.write_atomically("not bytes", file)  # type: ignore[arg-type]  # fails after the partial file was created
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]
    assert file.read_bytes() == b"old"


def test_compiled_module_has_its_path_in_lambda(tree: Path) -> None:
    precompile.add_bytecode(tree, "/var/task")
    compiled = get_bytecode_path(tree / "package" / "module.py")
    process = subprocess.run(
        [sys.executable, "-c", "import runpy, sys; print(runpy.run_path(sys.argv[1])['get_path']())", compiled],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert process.stdout.strip() == "/var/task/package/module.py"


def test_invalid_python_file_does_not_stop_compilation(tree: Path) -> None:
    (tree / "a_template.py").write_text("class {{ name }}:")
    precompile.add_bytecode(tree, "/var/task")
    assert get_bytecode_path(tree / "package" / "module.py").exists()
    assert not get_bytecode_path(tree / "a_template.py").exists()


def test_bytecode_is_in_the_tree_despite_a_cache_prefix(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    precompile.add_bytecode(tree, "/var/task")
    assert get_bytecode_path(tree / "package" / "module.py").exists()
