"""Every shell block of the documentation runs when it is pasted into bash or zsh.

The blocks that call the API run against a stack in test_documented_api.py and test_documented_files.py. The others
deploy, restore or serve. They run here with stubs of `make`, `aws`, `terraform`, `chalice` and `npm`. `make` checks
that the target exists, and `npm` that the script exists; the others do nothing.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from local.config import ROOT
from tests.support.markdown import Example, iter_examples
from tests.support.shells import SHELLS, paste

EXAMPLES = list(iter_examples("sh"))
API_PAGES = ("docs/api.md", "docs/files.md", "docs/pictures.md")
OTHERS = [example for example in EXAMPLES if example.page not in API_PAGES and "curl" not in example.code]
# `make -n` fails if a target is missing, as it is if a shell takes a comment for arguments.
MAKE = f'#!/bin/sh\nexec {shutil.which("make")} --dry-run --silent --directory={ROOT} "$@" >/dev/null\n'
NPM = '#!/bin/sh\ncase "$1" in run) grep -q "\\"$2\\": " package.json ;; ci) test -f package.json ;; *) false ;; esac\n'
NOTHING = "#!/bin/sh\n"
REACT_EXAMPLE = "examples/react"
TIMEOUT = 60  # seconds


def example_id(example: Example) -> str:
    return f"{example.page}: {example.code.splitlines()[0]}"


def test_there_are_blocks_of_both_kinds() -> None:
    assert len(EXAMPLES) - len(OTHERS) >= 8
    assert len(OTHERS) >= 6


@pytest.mark.parametrize("example", EXAMPLES, ids=example_id)
def test_shell_block_has_no_comment(example: Example) -> None:
    assert not re.search(r"(^|\s)#", example.code)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the files that the blocks name. The stubs do not use the network."""
    programs = {
        "bin/make": MAKE, "bin/npm": NPM, "bin/aws": NOTHING, "bin/terraform": NOTHING, ".venv/bin/chalice": NOTHING,
    }  # fmt: skip
    for name, script in programs.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / "infra" / "terraform.tfvars.example", tmp_path / "infra")
    (tmp_path / REACT_EXAMPLE).mkdir(parents=True)
    shutil.copy(ROOT / REACT_EXAMPLE / "package.json", tmp_path / REACT_EXAMPLE)
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("example", OTHERS, ids=example_id)
def test_shell_block_runs_when_pasted(checkout: Path, shell: str, example: Example) -> None:
    paste(shell, example.code, checkout, TIMEOUT, PATH=f"{checkout / 'bin'}:{os.environ['PATH']}")


def test_comment_fails_in_zsh(checkout: Path) -> None:
    """The reason for test_shell_block_has_no_comment."""
    block = "make check # lint, formatting and types\n"
    with pytest.raises(AssertionError, match="No rule to make target"):
        paste("zsh", block, checkout, TIMEOUT, PATH=f"{checkout / 'bin'}:{os.environ['PATH']}")
