"""The tables of costs in the README."""

from benchmarks import costs
from local.config import ROOT


def test_readme_has_the_tables_of_costs() -> None:
    text = (ROOT / "README.md").read_text()
    assert costs.render_readme(text) == text, "the tables are outdated: make costs ARGS=--render"
