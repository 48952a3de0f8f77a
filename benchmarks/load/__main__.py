"""`make load`: concurrent users of the deployed API and of `chalice local`. Takes about 15 minutes.

    python -m benchmarks.load LOCUST [--quick | --render]

LOCUST is the command of the load generator. Interleaved with requests for the profile, it calls a route that does
nothing, and reads the item from the table. These show the share of the emulator. The program writes
benchmarks/load.json, and renders LOAD.md and a table of docs/performance.md from it.
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
from benchmarks.load.process_usage import CpuMonitor, MemoryUsage, measure_memory
from benchmarks.load.targets import Target, chalice_local_target, deployed_target
from local.emulator import CONFIRMATION_CODE
from local.stack import Stack
from local.user_client import UserClient

_USERS: Final = 16
_PHASE_SECONDS: Final = 5
_PHASES: Final = ("profile", "no-op", "GetItem")  # in the order of locustfile.py
_ROUNDS: Final = 12  # of all phases
_QUICK_ROUNDS: Final = 2  # the fewest with a complete phase of each kind
_PASSWORD: Final = "StrongPass123!"
_LOCUSTFILE: Final = Path(__file__).parent / "locustfile.py"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("locust", type=Path, help="the command of the load generator")
    parser.add_argument("--quick", action="store_true", help="run a sixth of the time and write no files")
    parser.add_argument("--render", action="store_true", help="render the reports from the last results")
    options = parser.parse_args()
    if not options.render:
        rounds = _QUICK_ROUNDS if options.quick else _ROUNDS
        targets: list[AbstractContextManager[Target]] = [chalice_local_target(), deployed_target()]
        figures = {
            "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
            "machine": describe_host(),
            "users": _USERS,
            "phase_seconds": _PHASE_SECONDS,
            "targets": [_measure_target(target, options.locust, rounds) for target in targets],
        }
        if options.quick:
            print(report.render_page(figures))
            return
        report.LOAD_JSON.write_text(json.dumps(figures, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.LOAD_JSON.read_text())).items():
        file.write_text(text)


def _measure_target(started: AbstractContextManager[Target], locust: Path, rounds: int) -> dict[str, Any]:
    """Measure one user, then all users. Measure memory before, half-way through and after the second run."""
    with started as target, tempfile.TemporaryDirectory() as directory:
        print(f"{target.title}: signing up {_USERS} users", flush=True)
        users = [_create_user(target.stack, number) for number in range(_USERS)]
        generator = _Locust(locust, Path(directory), target, users)
        generator.run(_USERS, _QUICK_ROUNDS)  # warm up
        print(f"{target.title}: one user, then {_USERS}", flush=True)
        single_user, _ = generator.run(1, _QUICK_ROUNDS)
        before = measure_memory(target.processes)
        all_users, memory_usages = generator.run(_USERS, rounds)
        snapshots = [before, memory_usages[len(memory_usages) // 2], measure_memory(target.processes)]
    return {
        "title": target.title,
        "runs": [single_user, all_users],
        "memory": {
            name: _memory_of_stable_processes([snapshot[name] for snapshot in snapshots]) for name in target.processes
        },
    }


def _memory_of_stable_processes(snapshots: list[dict[int, float]]) -> dict[str, Any]:
    """Return the number of processes that are in every snapshot, and their MiB in each."""
    stable = set.intersection(*(set(snapshot) for snapshot in snapshots))
    return {
        "processes": len(stable),
        "mib": [round(sum(snapshot[pid] for pid in stable), 1) for snapshot in snapshots],
    }


def _create_user(stack: Stack, number: int) -> dict[str, str]:
    """Sign a user up and in. Return their sub and an ID token."""
    user_client, email = UserClient(stack), f"load-{number}@example.com"
    attributes = {
        "email": email,
        "name": "John Doe",
        "phone_number": "+8801712345678",
        "custom:dob": "1990-05-14",
        "custom:gender": "Male",
        "custom:blood_group": "A+",
    }
    sub = user_client.sign_up(email, _PASSWORD, attributes)
    user_client.confirm(email, CONFIRMATION_CODE)
    return {"sub": sub, "token": user_client.sign_in(email, _PASSWORD)["IdToken"]}


class _Locust:
    """The load generator with one target."""

    def __init__(self, locust: Path, directory: Path, target: Target, users: list[dict[str, str]]) -> None:
        self._locust, self._directory, self._target, self._users = locust, directory, target, users

    def run(self, users: int, rounds: int) -> tuple[dict[str, Any], list[MemoryUsage]]:
        """Generate load for `rounds` rounds of all phases. Return the figures and the memory after each phase.

        The first and the last phase are incomplete, so two rounds are the fewest.
        """
        job, results = self._directory / "job.json", self._directory / "results"
        job.write_text(json.dumps(self._build_job()))
        seconds = rounds * _PHASE_SECONDS * len(_PHASES)
        command = [self._locust, "--headless", "--only-summary", "-f", _LOCUSTFILE, "-u", users, "-r", users]
        command += ["-t", seconds, "--stop-timeout", 30, "--json-file", results, "--exit-code-on-error", 0]
        with (
            (self._directory / "locust.log").open("w") as log,
            subprocess.Popen(
                [str(argument) for argument in command],
                env={**os.environ, "LOAD_JOB": str(job)},
                stdout=log,
                stderr=log,
            ) as process,
        ):
            groups = {**self._target.processes, "load generator": lambda: [psutil.Process(process.pid)]}
            with CpuMonitor(groups, _PHASE_SECONDS, len(_PHASES)) as monitor:
                process.wait(seconds + 60)
        if process.returncode != 0:
            raise SystemExit((self._directory / "locust.log").read_text())
        seconds_per_phase = seconds / len(_PHASES)
        figures = {
            "users": users,
            "seconds": seconds,
            "routes": [
                _summarize_route(route, seconds_per_phase)
                for route in json.loads(results.with_suffix(".json").read_text())
            ],
            "cores": {phase: monitor.get_cores(kind) for kind, phase in enumerate(_PHASES)},
        }
        return figures, monitor.memory_usages

    def _build_job(self) -> dict[str, Any]:
        return {
            "api": self._target.stack.api_url,
            "no_op": self._target.no_op_url,
            "get_item": _sign_get_item(self._target.stack, self._users[0]["sub"]),
            "users": self._users,
            "edit_share": EDITS / (READS + EDITS),
            "phase_seconds": _PHASE_SECONDS,
        }


def _sign_get_item(stack: Stack, sub: str) -> dict[str, Any]:
    """Return a signed GetItem of one profile, which is valid for 15 minutes."""
    body = json.dumps({"TableName": stack.table, "Key": {"user_id": {"S": sub}}, "ConsistentRead": True})
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    request = AWSRequest("POST", stack.aws_endpoint_url + "/", headers, body)
    credentials = Credentials(stack.aws_access_key_id, stack.aws_secret_access_key)
    SigV4Auth(credentials, "dynamodb", stack.region).add_auth(request)
    return {"url": request.url, "headers": dict(request.headers), "body": body}


def _summarize_route(statistics: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the figures of one route from Locust's statistics. `seconds` is the length of its phases."""
    times = sorted((float(milliseconds), count) for milliseconds, count in statistics["response_times"].items())
    return {
        "name": statistics["name"],
        "requests": statistics["num_requests"],
        "failures": statistics["num_failures"],
        "per_second": statistics["num_requests"] / seconds,
        "mean": statistics["total_response_time"] / statistics["num_requests"],
        **{f"p{percent}": _percentile(times, percent / 100) for percent in (50, 95, 99)},
    }


def _percentile(times: list[tuple[float, int]], share: float) -> float:
    """Return the response time in milliseconds that this share of the requests does not exceed."""
    rank, counted = share * sum(count for _, count in times), 0
    for milliseconds, count in times:
        counted += count
        if counted >= rank:
            return milliseconds
    raise ValueError("no request has succeeded")


if __name__ == "__main__":
    main()
