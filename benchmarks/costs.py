"""`make costs`: the monthly bill and the first quota that is reached, by number of users.

    python -m benchmarks.costs [--render]

Both are calculated from the list prices below. With --render it writes the tables of docs/costs-and-quotas.md.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.markers import render_document
from chalicelib.aws.throttled_user_pool import Rates
from chalicelib.core.metrics import Metric
from local.config import ROOT

SIZES: Final = (1_000, 1_000_000, 10_000_000)  # users
_DOCUMENT: Final = ROOT / "docs" / "costs-and-quotas.md"
_BILL_MARKER: Final = "bill"
_QUOTAS_MARKER: Final = "quotas"
_FILES_MARKER: Final = "files"

_MILLION: Final = 1_000_000
_NO_LIMIT: Final = float("inf")
_HOURS: Final = 30 * 24  # in a month
_SECONDS: Final = _HOURS * 3600  # in a month

# Of one user in a month.
SIGN_INS: Final = 10
READS: Final = 30
EDITS: Final = 2
PREFLIGHTS: Final = 10  # browsers cache a preflight for two hours
REQUESTS: Final = READS + EDITS + PREFLIGHTS
INVOCATIONS: Final = REQUESTS + SIGN_INS  # a sign-in invokes PostAuthentication
MONTHLY_SIGN_UP_RATE: Final = 0.05  # sign-ups in a month, as a share of all users
PEAK_FACTOR: Final = 10  # load of the busiest second, relative to the average second

INVOCATION_SECONDS: Final = 0.02  # including the time of DynamoDB
MEMORY_GIB: Final = 0.5
STORED_GB_PER_USER: Final = 1e-6
LOGGED_GB_PER_USER: Final = 48e-6  # a month: 0.9 KB for each invocation
LOG_RETENTION_MONTHS: Final = 12  # log_retention_days
LOG_COMPRESSION: Final = 0.15  # stored share of the ingested size: https://aws.amazon.com/cloudwatch/pricing
RESPONSE_GB: Final = 1.2e-6  # including headers
TRACED_SHARE: Final = 0.05  # X-Ray's share of the requests after the first one of each second
# Metrics of alarms, each of which is charged. A stage with all features has 38 alarms on one metric and 3 on two.
ALARM_METRICS: Final = 44
CUSTOM_METRICS: Final = len(Metric)

# Of one file. A client announces it, polls twice and downloads it once.
FILE_GB: Final = 1e-3
FILE_REQUESTS: Final = 4
FILE_CHECK_SECONDS: Final = 0.5
FILE_CHECK_MEMORY_GIB: Final = 1.73
FILE_WRITE_UNITS: Final = 7  # a transaction of three items counts twice; one write of the status
FILE_READ_UNITS: Final = 9  # each request but the first one reads the state of the deletion and the file
FILE_LISTS: Final = 3  # by check_file, and twice by reconciliation within the hour after the upload

# Of the hourly reconciliation of files.
FILES_PER_USER: Final = 10
FILE_ITEM_KB: Final = 0.35
FILE_QUOTA_KB: Final = 0.15
RECORDS_PER_SCAN: Final = 500
USERS_PER_LOOKUP: Final = 100
USERS_PER_LIST: Final = 1_000
FILE_SCAN_CALL_SECONDS: Final = 0.01

_RECONCILIATION_RATES: Final = Rates()
_CHAIN_SECONDS: Final = 54 * 60  # longest time in an hour that a chain of reconciliation runs takes
_LIST_USERS_PAGE_SIZE: Final = 60


def _price_by_tier(amount: float, *tiers: tuple[float, float]) -> float:
    """Return the price of an amount. A tier is its upper limit and the price of one unit."""
    price = lower = 0.0
    for upper, unit_price in tiers:
        price += max(0.0, min(amount, upper) - lower) * unit_price
        lower = upper
    return price


def calculate_bill(users: int) -> dict[str, float]:
    """Return US dollars a month by service.

    List prices of us-east-1 in November 2026. Of the free tiers only Cognito's is included. Erasures are not included:
    10,000 in a month, each with a second of Lambda and ten requests to DynamoDB and S3, cost less than $1.
    """
    invocations, requests = users * INVOCATIONS, users * REQUESTS
    return {
        # https://aws.amazon.com/cognito/pricing (Lite, by monthly active users)
        "Cognito (Lite), first 10,000 users free": _price_by_tier(
            users,
            (10_000, 0.0),
            (100_000, 0.0055),
            (_MILLION, 0.0046),
            (10 * _MILLION, 0.00325),
            (_NO_LIMIT, 0.0025),
        ),
        # https://aws.amazon.com/api-gateway/pricing (REST)
        f"API Gateway, {REQUESTS} requests per user": _price_by_tier(
            requests,
            (333 * _MILLION, 3.5e-6),
            (1000 * _MILLION, 2.8e-6),
            (20_000 * _MILLION, 2.38e-6),
            (_NO_LIMIT, 1.51e-6),
        ),
        # https://aws.amazon.com/lambda/pricing (x86)
        f"Lambda, {INVOCATIONS} invocations of {INVOCATION_SECONDS * 1000:.0f} ms at 512 MB per user": invocations
        * (0.2e-6 + INVOCATION_SECONDS * MEMORY_GIB * 0.0000166667),
        # https://aws.amazon.com/dynamodb/pricing/on-demand
        f"DynamoDB, {READS + SIGN_INS} reads, {EDITS} writes and 1 KB with PITR per user": users
        * ((READS + SIGN_INS) * 0.125e-6 + EDITS * 0.625e-6 + STORED_GB_PER_USER * (0.25 + 0.2)),
        "Reconciliation, every hour": price_reconciliation(users),
        # https://aws.amazon.com/cloudwatch/pricing
        (
            f"CloudWatch, {LOGGED_GB_PER_USER * 1e6:.0f} KB of logs per user, stored for a year; "
            f"{ALARM_METRICS} alarm metrics, {CUSTOM_METRICS} custom metrics"
        ): users * LOGGED_GB_PER_USER * (0.5 + LOG_RETENTION_MONTHS * LOG_COMPRESSION * 0.03)
        + ALARM_METRICS * 0.1
        + CUSTOM_METRICS * 0.3,
        # https://aws.amazon.com/xray/pricing
        "X-Ray, the first request of each second and 5 % of the others": count_traces(invocations) * 5e-6,
        # https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer
        f"Data transfer, {RESPONSE_GB * 1e6:.1f} KB per response": _price_by_tier(
            requests * RESPONSE_GB, (10_240, 0.09), (51_200, 0.085), (153_600, 0.07), (_NO_LIMIT, 0.05)
        ),
        "KMS key": 1.0,
    }


def price_million_files() -> dict[str, float]:
    """Return US dollars for a million files of FILE_GB, by step."""
    invocation = 0.2e-6 + INVOCATION_SECONDS * MEMORY_GIB * 0.0000166667
    check = 0.2e-6 + FILE_CHECK_SECONDS * FILE_CHECK_MEMORY_GIB * 0.0000166667
    requests = FILE_REQUESTS * (3.5e-6 + invocation)
    dynamodb = FILE_WRITE_UNITS * 0.625e-6 + FILE_READ_UNITS * 0.125e-6
    # https://aws.amazon.com/s3/pricing
    s3 = (1 + FILE_LISTS) * 0.005e-3 + 0.0004e-3
    return {
        "upload and check, once": _MILLION * (requests + check + dynamodb + s3),
        "storage, a month": _MILLION * FILE_GB * 0.023,
        f"reconciliation of the files of {_MILLION // FILES_PER_USER:,} users, a month": price_file_reconciliation(
            _MILLION
        ),
        # https://aws.amazon.com/guardduty/pricing
        "malware scan, once, with `malware_protection`": _MILLION * (FILE_GB * 0.09 + 0.215e-3),
        "download, each time": _MILLION * (FILE_GB * 0.09 + 0.0004e-3),
    }


def price_file_reconciliation(files: float) -> float:
    """Return US dollars a month for the reconciliation of files that do not change.

    Each hour, it scans the whole table of records, lists the users in the bucket, and looks up the counters of each one
    with a consistent read. It compares each user once a week: one Query, one list and one write.
    """
    users = files / FILES_PER_USER
    scans, lists, lookups = (files + users) / RECORDS_PER_SCAN, users / USERS_PER_LIST, users / USERS_PER_LOOKUP
    checkpoints = scans + lists  # one after each page
    read_units = (files * FILE_ITEM_KB + users * FILE_QUOTA_KB) / 8 + users  # a scan is eventually consistent
    seconds = (scans + lists + lookups + checkpoints) * FILE_SCAN_CALL_SECONDS
    hourly = read_units * 0.125e-6 + checkpoints * 0.625e-6 + lists * 0.005e-3 + seconds * MEMORY_GIB * 0.0000166667
    comparison = math.ceil((FILES_PER_USER * FILE_ITEM_KB + FILE_QUOTA_KB) / 4) * 0.125e-6 + 0.005e-3 + 0.625e-6
    return _HOURS * hourly + users * 30 / 7 * comparison


def count_traces(requests: float) -> float:
    """Return how many requests of a month X-Ray records by its default rule.

    Requests arrive at random. At a rate of r per second, a second has at least one with probability 1 - exp(-r).
    https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
    """
    first_requests = -math.expm1(-requests / _SECONDS) * _SECONDS
    return first_requests + TRACED_SHARE * (requests - first_requests)


def _hourly_reconciliation(users: float) -> tuple[float, float]:
    """Return the users listed and the profiles looked up in an hour. Listing uses at most half of the time."""
    pages_per_second = _RECONCILIATION_RATES.lists
    listed = min(users, _CHAIN_SECONDS / 2 * pages_per_second * _LIST_USERS_PAGE_SIZE)
    seconds_left = _CHAIN_SECONDS - listed / _LIST_USERS_PAGE_SIZE / pages_per_second
    return listed, min(users, seconds_left * _RECONCILIATION_RATES.lookups)


def price_reconciliation(users: float) -> float:
    """Return US dollars a month for the runs, the reads of listed users' items and the scans of the table."""
    listed, looked_up = _hourly_reconciliation(users)
    seconds = min(
        _CHAIN_SECONDS,
        listed / _LIST_USERS_PAGE_SIZE / _RECONCILIATION_RATES.lists + looked_up / _RECONCILIATION_RATES.lookups,
    )
    read_units = listed / 2 + looked_up / 8  # eventually consistent
    return _HOURS * (seconds * MEMORY_GIB * 0.0000166667 + read_units * 0.125e-6)


@dataclass(frozen=True)
class Quota:
    """A limit, its default value, the number of users that reach it and the action of the operator."""

    limit: str
    default: str
    reached_at: float  # users
    action: str


def _per_second_at_peak(times_a_month: float) -> float:
    """Return how often one user does something in the busiest second."""
    return times_a_month * PEAK_FACTOR / _SECONDS


def list_quotas() -> list[Quota]:
    """Return the quotas in the order in which a growing product reaches them.

    All but the first can be increased in Service Quotas.
    """
    concurrency = _per_second_at_peak(INVOCATIONS) * INVOCATION_SECONDS  # of one user
    increase = "request an increase"
    quotas = [
        # https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
        Quota(
            "emails sent by Cognito",
            "50 a day",
            50 * 30 / MONTHLY_SIGN_UP_RATE,
            "set `email_sender`, and move SES out of its sandbox",
        ),
        Quota("Cognito `UserAuthentication`", "120 a second", 120 / _per_second_at_peak(2 * SIGN_INS), increase),
        Quota(
            "Cognito `UserCreation`",
            "50 a second",
            50 / _per_second_at_peak(MONTHLY_SIGN_UP_RATE),
            f"{increase} before a campaign starts",
        ),
        Quota(
            "Cognito `UserRead`",
            "120 a second",
            _RECONCILIATION_RATES.lookups * 24 * _CHAIN_SECONDS,
            f"a reconciliation of the table takes a day: {increase}, and raise `reconcile_lookups_per_second`",
        ),
        Quota("users in a user pool", "40 million", 40 * _MILLION, "use a second user pool"),
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        Quota("Lambda concurrency of a new account", "10", 10 / concurrency, f"{increase} to 1,000"),
        Quota("Lambda concurrency", "1,000", 1000 / concurrency, increase),
        Quota(
            "`reserved_concurrency` of the API",
            "200",
            200 / (_per_second_at_peak(REQUESTS) * INVOCATION_SECONDS),
            "raise it in tfvars",
        ),
        Quota("`throttling` of the stage", "500 a second", 500 / _per_second_at_peak(REQUESTS), "raise it in tfvars"),
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
        Quota(
            "API Gateway requests of an account", "10,000 a second", 10_000 / _per_second_at_peak(REQUESTS), increase
        ),
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
        Quota(
            "reads of an on-demand table",
            "40,000 a second",
            40_000 / _per_second_at_peak(READS + SIGN_INS),
            increase,
        ),
    ]
    return sorted(quotas, key=lambda quota: quota.reached_at)


def _format_dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount < 10 else f"${amount:,.0f}"


def _format_users(number: float) -> str:
    return f"{number / _MILLION:,.1f} million" if number >= _MILLION else f"{number:,.0f}"


def _bill_table() -> Iterator[str]:
    bills = [calculate_bill(users) for users in SIZES]
    totals = [f"**{_format_dollars(sum(bill.values()))}**" for bill in bills]
    next_quotas = [next(quota for quota in list_quotas() if quota.reached_at > users) for users in SIZES]
    yield f"| US dollars a month | {' | '.join(f'{users:,} users' for users in SIZES)} |"
    yield "|---|" + "---|" * len(SIZES)
    for name in bills[0]:
        yield f"| {name} | {' | '.join(_format_dollars(bill[name]) for bill in bills)} |"
    yield f"| **total** | {' | '.join(totals)} |"
    cells = (f"{quota.limit}, at {_format_users(quota.reached_at)} users" for quota in next_quotas)
    yield f"| next quota | {' | '.join(cells)} |"


def _quota_table() -> Iterator[str]:
    yield "| quota | default | reached at, users | action |"
    yield "|---|---|---|---|"
    for quota in list_quotas():
        yield f"| {quota.limit} | {quota.default} | {_format_users(quota.reached_at)} | {quota.action} |"


def _file_table() -> Iterator[str]:
    yield f"| a million files of {FILE_GB * 1000:.0f} MB | US dollars |"
    yield "|---|---|"
    for step, price in price_million_files().items():
        yield f"| {step} | {_format_dollars(price)} |"


def render_files() -> dict[Path, str]:
    """Return the document with its tables. Raises MarkerError if it or its markers are missing."""
    contents = {
        _BILL_MARKER: "\n".join(_bill_table()) + "\n",
        _FILES_MARKER: "\n".join(_file_table()) + "\n",
        _QUOTAS_MARKER: "\n".join(_quota_table()) + "\n",
    }
    return {_DOCUMENT: render_document(_DOCUMENT, contents)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make costs")
    parser.add_argument("--render", action="store_true", help="write the tables of docs/costs-and-quotas.md")
    if parser.parse_args().render:
        for file, text in render_files().items():
            file.write_text(text)
        return
    print("\n".join([*_bill_table(), "", *_file_table(), "", *_quota_table()]))


if __name__ == "__main__":
    main()
