"""The bill, by hand for one size, and that the README has it."""

import pytest

from benchmarks import costs
from local.settings import ROOT


def test_the_bill_of_a_million_people_is_the_one_worked_out_by_hand() -> None:
    told = [*costs.bill(1_000_000).values()]
    by_hand = [
        90_000 * 0.0055 + 900_000 * 0.0046,
        42 * 3.5,
        52 * 0.2 + 52_000_000 * 0.02 * 0.5 * 0.0000166667,
        40 * 0.125 + 2 * 0.625 + 1 * 0.45,
        720 * (3240 * 0.5 * 0.0000166667 + (972_000 / 2 + 81_000 / 8) * 0.125e-6),
        48 * 0.5 + 48 * 12 * 0.15 * 0.03 + 3.2 + 4.8,
        (2.592 + (52 - 2.592) / 20) * 5,
        42 * 1.2 * 0.09,
        1,
    ]
    assert told == pytest.approx(by_hand)


def test_few_requests_are_nearly_all_traced() -> None:
    """The default rule records the first request of each second."""
    assert costs.traces(1_000) == pytest.approx(1_000, rel=0.001)
    assert costs.traces(1_000_000_000) == pytest.approx(50_000_000 + 2_592_000 * 0.95)


def test_twice_the_people_never_cost_more_than_twice_as_much() -> None:
    for people in (1_000, 10_000, 1_000_000, 10_000_000):
        for name, cost in costs.bill(people).items():
            if not name.startswith("Cognito"):  # whose first ten thousand are free
                assert costs.bill(2 * people)[name] <= 2 * cost


def test_quotas_come_in_the_order_in_which_they_are_met() -> None:
    met_at = [quota.met_at for quota in costs.quotas()]
    assert met_at == sorted(met_at)
    assert met_at[0] > 1_000


def test_the_readme_has_these_tables() -> None:
    text = (ROOT / "README.md").read_text()
    assert costs.readme(text) == text, "make costs ARGS=--render writes them anew"
