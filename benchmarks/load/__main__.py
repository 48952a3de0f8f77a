"""`make load`: concurrent users against the deployed API and `chalice local`. About fifteen minutes.

    python -m benchmarks.load LOCUST [--quick | --render]

LOCUST is the load tool's command. By turns, in the same run, it asks for the profile, for a route that does nothing,
and for the table's item alone: what the emulator takes by itself. It writes benchmarks/load.json, and of that LOAD.md
and a part of the README; nobody edits these.
"""

import argparse
import datetime
import json
import os
import subprocess
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.costs import EDITS, READS
from benchmarks.host import describe_host
from benchmarks.load import report
from benchmarks.load.process_usage import Memory, Watch, memory
from benchmarks.load.targets import Target, deployed, on_the_laptop
from local.emulator import CONFIRMATION_CODE
from local.stack import Stack
from local.user_client import UserClient

_USERS: Final = 16
_TURN: Final = 5  # seconds
_KINDS: Final = ("profile", "no-op", "GetItem")
_PASSWORD: Final = "StrongPass123!"
_LOCUSTFILE: Final = Path(__file__).parent / "locustfile.py"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("locust", type=Path, help="the load tool's command")
    parser.add_argument("--quick", action="store_true", help="a sixth of the time, and nothing is written but here")
    parser.add_argument("--render", action="store_true", help="write what is made of the last results anew")
    options = parser.parse_args()
    if not options.render:
        rounds = 2 if options.quick else 12
        targets: list[AbstractContextManager[Target]] = [on_the_laptop(), deployed()]
        figures = {
            "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
            "machine": describe_host(),
            "users": _USERS,
            "turn": _TURN,
            "targets": [_measured(target, options.locust, rounds) for target in targets],
        }
        if options.quick:
            print(report.render_page(figures))
            return
        report.LOAD_JSON.write_text(json.dumps(figures, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.LOAD_JSON.read_text())).items():
        file.write_text(text)


def _measured(opened: AbstractContextManager[Target], locust: Path, rounds: int) -> dict[str, Any]:
    """One user alone, then many at once; memory before the many, half-way, and after them."""
    with opened as target, tempfile.TemporaryDirectory() as directory:
        print(f"{target.title}: {_USERS} people sign up", flush=True)
        people = [_person(target.stack, number) for number in range(_USERS)]
        tool = _Tool(locust, Path(directory), target, people)
        tool.drive(_USERS, 2)  # warm
        print(f"{target.title}: one of them, then all", flush=True)
        alone, _ = tool.drive(1, 2)
        before = memory(target.processes)
        many, meanwhile = tool.drive(_USERS, rounds)
        told = [before, meanwhile[len(meanwhile) // 2], memory(target.processes)]
    return {
        "title": target.title,
        "runs": [alone, many],
        "memory": {name: _all_the_time([it[name] for it in told]) for name in target.processes},
    }


def _all_the_time(told: list[dict[int, float]]) -> dict[str, Any]:
    """MiB of the processes that were there each time: how many, and how much each time."""
    there = set.intersection(*(set(it) for it in told))
    return {"processes": len(there), "mib": [round(sum(it[pid] for pid in there), 1) for it in told]}


def _person(stack: Stack, number: int) -> dict[str, str]:
    session, email = UserClient(stack), f"load-{number}@example.com"
    form = {
        "email": email,
        "name": "John Doe",
        "phone_number": "+8801712345678",
        "custom:dob": "1990-05-14",
        "custom:gender": "Male",
        "custom:blood_group": "A+",
    }
    sub = session.sign_up(email, _PASSWORD, form)
    session.confirm(email, CONFIRMATION_CODE)
    return {"sub": sub, "token": session.sign_in(email, _PASSWORD)["IdToken"]}


class _Tool:
    """Locust, driving one target."""

    def __init__(self, locust: Path, directory: Path, target: Target, people: list[dict[str, str]]) -> None:
        self._locust, self._directory, self._target, self._people = locust, directory, target, people

    def drive(self, users: int, rounds: int) -> tuple[dict[str, Any], list[Memory]]:
        """So many users, for so many rounds of turns: two at least, for some to be whole. Also memory after each."""
        job, told = self._directory / "job.json", self._directory / "told"
        job.write_text(json.dumps(self._job()))
        seconds = rounds * _TURN * len(_KINDS)
        command = [self._locust, "--headless", "--only-summary", "-f", _LOCUSTFILE, "-u", users, "-r", users]
        command += ["-t", seconds, "--stop-timeout", 30, "--json-file", told, "--exit-code-on-error", 0]
        with (
            (self._directory / "locust.log").open("w") as log,
            subprocess.Popen(
                [str(it) for it in command], env={**os.environ, "LOAD_JOB": str(job)}, stdout=log, stderr=log
            ) as process,
        ):
            groups = {**self._target.processes, "load tool": lambda: [psutil.Process(process.pid)]}
            with Watch(groups, _TURN, len(_KINDS)) as watch:
                process.wait(seconds + 60)
        if process.returncode != 0:
            raise SystemExit((self._directory / "locust.log").read_text())
        run = {
            "users": users,
            "seconds": seconds,
            "routes": [_route(it, seconds / len(_KINDS)) for it in json.loads(told.with_suffix(".json").read_text())],
            "cores": {kind: watch.cores(number) for number, kind in enumerate(_KINDS)},
        }
        return run, watch.memories

    def _job(self) -> dict[str, Any]:
        return {
            "api": self._target.stack.api_url,
            "no_op": self._target.no_op_url,
            "get_item": _get_item(self._target.stack, self._people[0]["sub"]),
            "people": self._people,
            "edits": EDITS / (READS + EDITS),
            "turn": _TURN,
        }


def _get_item(stack: Stack, sub: str) -> dict[str, Any]:
    """A signed GetItem of one profile, good for some minutes."""
    body = json.dumps({"TableName": stack.table, "Key": {"user_id": {"S": sub}}, "ConsistentRead": True})
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    request = AWSRequest("POST", stack.aws_endpoint_url + "/", headers, body)
    keys = Credentials(stack.aws_access_key_id, stack.aws_secret_access_key)
    SigV4Auth(keys, "dynamodb", stack.region).add_auth(request)
    return {"url": request.url, "headers": dict(request.headers), "body": body}


def _route(told: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Of one route: how many answers a second in its turns, their times in milliseconds, and failures."""
    times = sorted((float(took), count) for took, count in told["response_times"].items())
    return {
        "name": told["name"],
        "requests": told["num_requests"],
        "failures": told["num_failures"],
        "per_second": told["num_requests"] / seconds,
        "mean": told["total_response_time"] / told["num_requests"],
        **{f"p{percent}": _percentile(times, percent / 100) for percent in (50, 95, 99)},
    }


def _percentile(times: list[tuple[float, int]], share: float) -> float:
    wanted, seen = share * sum(count for _, count in times), 0
    for took, count in times:
        seen += count
        if seen >= wanted:
            return took
    raise ValueError("nothing was answered")


if __name__ == "__main__":
    main()
