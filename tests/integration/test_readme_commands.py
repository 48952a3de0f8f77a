"""The README's shell blocks in the shells that people use. Those of the API's examples are in test_readme.py."""

import os
import re
import shutil
from pathlib import Path

import pytest

from local.settings import ROOT
from tests.readme import README, examples
from tests.support.shells import SHELLS, paste

_FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)
BLOCKS = _FENCE.findall(README)
DOCUMENTS = [
    file
    for folder in (".", "benchmarks", "docs", "infra")
    for file in (ROOT / folder).glob("**/*.md" if folder == "docs" else "*.md")
]
OF_THE_API = [*examples("The API", "sh"), *examples("Pictures", "sh")]
OTHERS = [block for block in BLOCKS if block not in OF_THE_API]
# `make -n` fails where a target is missing, as it is where a shell takes a comment for arguments.
MAKE = f'#!/bin/sh\nexec {shutil.which("make")} --dry-run --silent --directory={ROOT} "$@" >/dev/null\n'
NOTHING = "#!/bin/sh\n"
PATIENCE = 60  # seconds


def first_line(block: str) -> str:
    return block.splitlines()[0]


def test_there_are_blocks_of_both_kinds() -> None:
    assert len(OF_THE_API) >= 8
    assert len(OTHERS) >= 6


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_a_block_has_no_comment(file: Path) -> None:
    for block in _FENCE.findall(file.read_text()):
        assert not re.search(r"(^|\s)#", block), block


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the blocks name. Nothing they start reaches a network."""
    programs = {"bin/make": MAKE, "bin/aws": NOTHING, "bin/terraform": NOTHING, ".venv/bin/chalice": NOTHING}
    for name, script in programs.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / "infra" / "terraform.tfvars.example", tmp_path / "infra")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("block", OTHERS, ids=first_line)
def test_a_block_runs_when_pasted(checkout: Path, shell: str, block: str) -> None:
    paste(shell, block, checkout, PATIENCE, PATH=f"{checkout / 'bin'}:{os.environ['PATH']}")


def test_a_comment_fails_in_zsh(checkout: Path) -> None:
    """This is what the tests above are for."""
    block = "make check # lint, formatting and types\n"
    with pytest.raises(AssertionError, match="No rule to make target"):
        paste("zsh", block, checkout, PATIENCE, PATH=f"{checkout / 'bin'}:{os.environ['PATH']}")
