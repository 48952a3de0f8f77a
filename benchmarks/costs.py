"""`make costs`: the monthly bill, and the first quota met, for so many people. On paper, from the prices below.

    python -m benchmarks.costs [--render]

With --render the README's two tables are written anew.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.report import replace_between_markers
from chalicelib.aws.throttled_user_pool import Rates
from chalicelib.core.metrics import Metric
from local.config import ROOT

_RATES: Final = Rates()
_CHAIN: Final = 54 * 60  # seconds that a chain of runs walks in an hour at most
SIZES: Final = (1_000, 1_000_000, 10_000_000)
_BILL: Final = ("<!-- bill -->\n", "<!-- /bill -->\n")
_QUOTAS: Final = ("<!-- quotas -->\n", "<!-- /quotas -->\n")

# What a person does in a month.
SIGN_INS, READS, EDITS = 10, 30, 2
PREFLIGHTS: Final = 10  # a browser keeps the answer for two hours
JOINING: Final = 0.05  # sign-ups in a month, to the people there are
REQUESTS: Final = READS + EDITS + PREFLIGHTS
RUNS: Final = REQUESTS + SIGN_INS  # of functions; a sign-in fires PostAuthentication
PEAK: Final = 10  # the busiest second, to the average one
_MONTH: Final = 30 * 86_400  # seconds
_HOURS: Final = 30 * 24
_LISTED: Final = 60  # users in a page of ListUsers

# What it takes.
SECONDS: Final = 0.02  # of a run, with DynamoDB's own time
GIBIBYTES: Final = 0.5  # of memory
STORED: Final = 1e-6  # GB a profile
LOGGED: Final = 48e-6  # GB a person: 0.9 KB a run
KEPT: Final = 12  # months of logs: log_retention_days
COMPRESSED: Final = 0.15  # of a log's size is stored: https://aws.amazon.com/cloudwatch/pricing
ANSWER: Final = 1.2e-6  # GB of an answer with its headers
TRACED: Final = 0.05  # X-Ray's share of requests after the first one of each second
ALARM_METRICS: Final = 32  # each metric of an alarm is charged; a stage with pictures has 28 on one metric and 2 on two
METRICS: Final = sum(not metric.name.startswith("PICTURE") for metric in Metric)

_MILLION: Final = 1_000_000


def _tiers(amount: float, *tiers: tuple[float, float]) -> float:
    """What an amount costs by tiers, each (up to, price of one)."""
    cost = below = 0.0
    for up_to, price in tiers:
        cost += max(0.0, min(amount, up_to) - below) * price
        below = up_to
    return cost


_ALL: Final = float("inf")


def calculate_bill(people: int) -> dict[str, float]:
    """Dollars a month by service: us-east-1, list prices of November 2026, no free tiers but Cognito's."""
    runs, requests = people * RUNS, people * REQUESTS
    return {
        # https://aws.amazon.com/cognito/pricing (Lite, by monthly active users)
        "Cognito (Lite), the first 10,000 free": _tiers(
            people, (10_000, 0.0), (100_000, 0.0055), (_MILLION, 0.0046), (10 * _MILLION, 0.00325), (_ALL, 0.0025)
        ),
        # https://aws.amazon.com/api-gateway/pricing (REST)
        f"API Gateway, {REQUESTS} requests each": _tiers(
            requests, (333 * _MILLION, 3.5e-6), (1000 * _MILLION, 2.8e-6), (20_000 * _MILLION, 2.38e-6), (_ALL, 1.51e-6)
        ),
        # https://aws.amazon.com/lambda/pricing (x86)
        f"Lambda, {RUNS} runs of {SECONDS * 1000:.0f} ms at 512 MB each": runs
        * (0.2e-6 + SECONDS * GIBIBYTES * 0.0000166667),
        # https://aws.amazon.com/dynamodb/pricing/on-demand
        f"DynamoDB, {READS + SIGN_INS} reads and {EDITS} writes each; 1 KB stored, with PITR": people
        * ((READS + SIGN_INS) * 0.125e-6 + EDITS * 0.625e-6 + STORED * (0.25 + 0.2)),
        # https://aws.amazon.com/cloudwatch/pricing
        "Reconciliation, every hour": price_reconciliation(people),
        f"CloudWatch logs, {LOGGED * 1e6:.0f} KB each, kept for a year; {ALARM_METRICS} alarms, {METRICS} metrics": people
        * LOGGED
        * (0.5 + KEPT * COMPRESSED * 0.03)
        + ALARM_METRICS * 0.1
        + METRICS * 0.3,
        # https://aws.amazon.com/xray/pricing
        "X-Ray, the first request of each second and 5 % of the others": count_traces(runs) * 5e-6,
        # https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer
        f"data transfer, {ANSWER * 1e6:.1f} KB an answer": _tiers(
            requests * ANSWER, (10_240, 0.09), (51_200, 0.085), (153_600, 0.07), (_ALL, 0.05)
        ),
        "KMS key": 1.0,
    }


def count_traces(requests_a_month: float) -> float:
    """Return how many requests of a month X-Ray records by its default rule.

    Requests that come at random, at a rate r a second, meet on average 1 - exp(-r) seconds with at least one.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
    """
    firsts = -math.expm1(-requests_a_month / _MONTH) * _MONTH
    return firsts + TRACED * (requests_a_month - firsts)


def _walks(people: float) -> tuple[float, float]:
    """Return the users listed and the profiles looked up in an hour. Listing has half of the time at most."""
    listed = min(people, _CHAIN / 2 * _RATES.lists * _LISTED)
    left = _CHAIN - listed / _LISTED / _RATES.lists
    return listed, min(people, left * _RATES.lookups)


def price_reconciliation(people: float) -> float:
    """Return dollars a month: an eventually consistent read of each listed user's item, scans, and the runs."""
    listed, looked_up = _walks(people)
    seconds = min(_CHAIN, listed / _LISTED / _RATES.lists + looked_up / _RATES.lookups)
    reads = listed / 2 + looked_up / 8
    return _HOURS * (seconds * GIBIBYTES * 0.0000166667 + reads * 0.125e-6)


@dataclass(frozen=True)
class Quota:
    """A limit, how much of it a person takes at the busiest second, and what to do about it."""

    limit: str
    default: str
    met_at: float  # people
    remedy: str


def _a_second(times_a_month: float) -> float:
    """Of one person, at the busiest second."""
    return times_a_month * PEAK / _MONTH


def list_quotas() -> list[Quota]:
    """In the order in which a growing product meets them. All but the first are raised in Service Quotas."""
    busy = _a_second(RUNS) * SECONDS
    found = [
        # https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
        Quota("mails by Cognito", "50 a day", 50 * 30 / JOINING, "`email_sender`, and SES out of its sandbox"),
        Quota("Cognito `UserAuthentication`", "120 a second", 120 / _a_second(2 * SIGN_INS), "raise it"),
        Quota("Cognito `UserCreation`", "50 a second", 50 / _a_second(JOINING), "ask before a campaign starts"),
        Quota(
            "Cognito `UserRead`",
            "120 a second",
            _RATES.lookups * 24 * _CHAIN,
            "a walk over the table takes a day by then: raise it, and `reconcile_lookups_per_second`",
        ),
        Quota("users in a pool", "40 million", 40 * _MILLION, "a second pool"),
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        Quota("Lambda's concurrency in a new account", "10", 10 / busy, "ask for 1,000"),
        Quota("Lambda's concurrency", "1,000", 1000 / busy, "ask"),
        Quota("`reserved_concurrency` of the API", "200", 200 / (_a_second(REQUESTS) * SECONDS), "raise it in tfvars"),
        Quota("`throttling` of the stage", "500 a second", 500 / _a_second(REQUESTS), "`throttling` in tfvars"),
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
        Quota("API Gateway, all of an account", "10,000 a second", 10_000 / _a_second(REQUESTS), "ask"),
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
        Quota("reads of a table on demand", "40,000 a second", 40_000 / _a_second(READS + SIGN_INS), "ask"),
    ]
    return sorted(found, key=lambda it: it.met_at)


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount < 10 else f"${amount:,.0f}"


def _bill_table() -> Iterator[str]:
    bills = [calculate_bill(people) for people in SIZES]
    yield f"| | {' | '.join(f'{people:,} people' for people in SIZES)} |"
    yield "|---|" + "---|" * len(SIZES)
    for name in bills[0]:
        yield f"| {name} | {' | '.join(_dollars(it[name]) for it in bills)} |"
    yield f"| **together** | {' | '.join(f'**{_dollars(sum(it.values()))}**' for it in bills)} |"
    coming = (next(it for it in list_quotas() if it.met_at > people) for people in SIZES)
    yield f"| the quota met first from there | {' | '.join(f'{it.limit}, at {_people(it.met_at)}' for it in coming)} |"


def _people(number: float) -> str:
    return f"{number / _MILLION:,.1f} million" if number >= _MILLION else f"{number:,.0f}"


def _quota_table() -> Iterator[str]:
    yield "| limit | default | met at, people | what to do |"
    yield "|---|---|---|---|"
    for it in list_quotas():
        yield f"| {it.limit} | {it.default} | {_people(it.met_at)} | {it.remedy} |"


def render_readme(text: str) -> str:
    """The README with these tables in it."""
    for marks, lines in ((_BILL, _bill_table()), (_QUOTAS, _quota_table())):
        text = replace_between_markers(text, *marks, "\n".join(lines) + "\n")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="make costs")
    parser.add_argument("--render", action="store_true", help="write the README's tables anew")
    if parser.parse_args().render:
        file = ROOT / "README.md"
        file.write_text(render_readme(file.read_text()))
        return
    print("\n".join([*_bill_table(), "", *_quota_table()]))


if __name__ == "__main__":
    main()
