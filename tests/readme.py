"""The README's sections and what stands in them."""

import re

from local.settings import ROOT

README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """What stands below this heading of the second rank, up to the next one."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def examples(title: str, language: str) -> list[str]:
    """The section's examples in this language."""
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)
