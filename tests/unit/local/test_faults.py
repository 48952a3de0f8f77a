"""The active fault that the console and the API share in a file."""

import threading
from pathlib import Path
from typing import Any

import pytest

from local.faults import DROPPED, FAULT_FILE_NAME, MAX_REQUESTS, SLOW, UNAVAILABLE, Fault, FaultFile, InvalidFault


@pytest.fixture
def fault_file(tmp_path: Path) -> FaultFile:
    return FaultFile(tmp_path)


def test_no_fault_is_active_by_default(fault_file: FaultFile, tmp_path: Path) -> None:
    assert (fault_file.read(), fault_file.take()) == (None, None)
    assert not (tmp_path / FAULT_FILE_NAME).exists()


def test_fault_ends_after_its_requests(fault_file: FaultFile) -> None:
    fault_file.write(Fault(UNAVAILABLE, 2))
    assert [fault_file.take() for _ in range(3)] == [Fault(UNAVAILABLE, 2), Fault(UNAVAILABLE, 1), None]
    assert fault_file.read() is None


def test_fault_without_a_number_lasts_until_turned_off(fault_file: FaultFile) -> None:
    fault_file.write(Fault(DROPPED, None))
    assert {fault_file.take() for _ in range(5)} == {Fault(DROPPED, None)}
    fault_file.write(None)
    assert fault_file.take() is None


def test_new_fault_replaces_the_active_one(fault_file: FaultFile) -> None:
    fault_file.write(Fault(UNAVAILABLE, 1000, 29.0))
    fault_file.write(Fault(SLOW, None, 1.0))
    assert fault_file.read() == Fault(SLOW, None, 1.0)


def test_concurrent_requests_are_counted_once_each(fault_file: FaultFile) -> None:
    fault_file.write(Fault(UNAVAILABLE, 20))
    taken: list[Fault | None] = []
    threads = [threading.Thread(target=lambda: taken.append(fault_file.take())) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fault.remaining or 0 for fault in taken if fault) == list(range(1, 21))


@pytest.mark.parametrize("remaining", [1, MAX_REQUESTS, None])
def test_valid_fault_is_parsed(remaining: int | None) -> None:
    content = {"kind": SLOW, "remaining": remaining, "delay_seconds": 29}
    assert Fault.parse(content) == Fault(SLOW, remaining, 29.0)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (None, "kind"),
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": SLOW, "remaining": 0}, "remaining"),
        ({"kind": SLOW, "remaining": True}, "remaining"),
        ({"kind": SLOW, "remaining": MAX_REQUESTS + 1}, "remaining"),
        ({"kind": SLOW, "delay_seconds": 0}, "delay_seconds"),
        ({"kind": SLOW, "delay_seconds": 29.5}, "delay_seconds"),
        ({"kind": SLOW, "delay_seconds": float("nan")}, "delay_seconds"),
        ({"kind": SLOW, "delay_seconds": "3"}, "delay_seconds"),
    ],
)
def test_invalid_fault_is_rejected_with_the_field(content: Any, field: str) -> None:
    with pytest.raises(InvalidFault, match=field):
        Fault.parse(content)
