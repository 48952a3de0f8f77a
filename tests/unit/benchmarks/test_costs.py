"""The estimate of the monthly bill and the order of the quotas."""

import pytest

from benchmarks import costs
from chalicelib.files import repository, storage


def test_bill_of_a_million_users_matches_a_manual_calculation() -> None:
    expected = [
        90_000 * 0.0055 + 900_000 * 0.0046,
        42 * 3.5,
        52 * 0.2 + 52_000_000 * 0.02 * 0.5 * 0.0000166667,
        40 * 0.125 + 2 * 0.625 + 1 * 0.45,
        720 * (3240 * 0.5 * 0.0000166667 + (972_000 / 2 + 81_000 / 8) * 0.125e-6),
        48 * 0.5 + 48 * 12 * 0.15 * 0.03 + 4.4 + 9.0,
        (2.592 + (52 - 2.592) / 20) * 5,
        42 * 1.2 * 0.09,
        1,
    ]
    assert [*costs.calculate_bill(1_000_000).values()] == pytest.approx(expected)


def test_price_of_a_million_files_matches_a_manual_calculation() -> None:
    requests = 4 * (3.5 + 0.2 + 0.02 * 0.5 * 16.6667)
    check = 0.2 + 0.5 * 1.73 * 16.6667
    # 100,000 users, of whose records an hourly scan reads 365 MB. Of the calls of a scan, 2,200 read and 2,300 write.
    scan = (365_000 / 8 + 100_000) * 0.125e-6 + 2_300 * 0.625e-6 + 100 * 0.005e-3 + 5_600 * 0.01 * 0.5 * 16.6667e-6
    comparisons = 100_000 * 30 / 7 * (0.125e-6 + 0.005e-3 + 0.625e-6)
    reconciliation = 720 * scan + comparisons
    expected = [requests + check + 7 * 0.625 + 9 * 0.125 + 4 * 5 + 0.4, 23, reconciliation, 90 + 215, 90 + 0.4]
    assert [*costs.price_million_files().values()] == pytest.approx(expected)


def test_scan_of_files_has_the_sizes_of_its_calls() -> None:
    """The scan reads pages of the table, and looks up the users of a page of the bucket in batches."""
    sizes = (costs.RECORDS_PER_SCAN, costs.USERS_PER_LOOKUP, costs.USERS_PER_LIST)
    assert sizes == (repository._SCAN_PAGE_SIZE, repository._READ_BATCH_SIZE, storage._MAX_KEYS_PER_REQUEST)


def test_nearly_all_of_few_requests_are_traced() -> None:
    """The default rule records the first request of each second."""
    assert costs.count_traces(1_000) == pytest.approx(1_000, rel=0.001)
    assert costs.count_traces(1_000_000_000) == pytest.approx(50_000_000 + 2_592_000 * 0.95)


def test_twice_the_users_cost_at_most_twice_as_much() -> None:
    for users in (1_000, 10_000, 1_000_000, 10_000_000):
        for name, cost in costs.calculate_bill(users).items():
            if not name.startswith("Cognito"):  # its first ten thousand users are free
                assert costs.calculate_bill(2 * users)[name] <= 2 * cost


def test_quotas_are_in_the_order_in_which_they_are_reached() -> None:
    users = [quota.reached_at for quota in costs.list_quotas()]
    assert users == sorted(users)
    assert users[0] > 1_000


def test_costs_page_has_these_tables() -> None:
    for file, text in costs.render_files().items():
        assert file.read_text() == text, "run make costs ARGS=--render"
