"""The garbage collector is paused in Lambda only, and only until a function has loaded."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from chalicelib.aws import client_factory, gc_tuning
from local.config import ROOT


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, int, int]]:
    """Yield the thresholds, and restore them after the test."""
    original = gc.get_threshold()
    gc.unfreeze()  # objects that other tests and Python itself have frozen
    yield original
    gc.set_threshold(*original)
    gc.unfreeze()


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "healthtech-dev")


def test_pause_outside_lambda_changes_nothing(thresholds: tuple[int, int, int]) -> None:
    gc_tuning.pause()
    assert gc.get_threshold() == thresholds
    gc_tuning.resume()
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("in_lambda")
def test_resume_restores_the_original_thresholds() -> None:
    gc.set_threshold(900, 11, 12)
    gc_tuning.pause()
    assert gc.get_threshold()[0] > 900
    gc_tuning.resume()
    assert gc.get_threshold() == (900, 11, 12)


@pytest.mark.usefixtures("in_lambda")
def test_nested_pause_ends_with_the_outer_one() -> None:
    gc.set_threshold(900, 11, 12)
    gc_tuning.pause()
    gc_tuning.pause()
    gc_tuning.resume()
    assert gc.get_threshold()[0] > 900
    gc_tuning.resume()
    assert gc.get_threshold() == (900, 11, 12)


def load_module(module: str, **environment: str) -> tuple[bool, int]:
    """Import a module of functions in a new process. Return if the thresholds are unchanged, and the freeze count."""
    program = f"import gc; before = gc.get_threshold(); import {module}; print(before == gc.get_threshold())"
    process = subprocess.run(
        [sys.executable, "-c", f"{program}; print(gc.get_freeze_count())"],
        env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    is_unchanged, freeze_count = process.stdout.split()
    return is_unchanged == "True", int(freeze_count)


@pytest.mark.long
@pytest.mark.parametrize(
    "module",
    ["app", "chalicelib.accounts.triggers", "chalicelib.pictures.functions", "chalicelib.reconciliation.jobs"],
)
def test_loading_a_function_resumes_collection(module: str) -> None:
    """Creating a client resumes it as well, but pre_sign_up creates no client."""
    is_unchanged, freeze_count = load_module(module, AWS_LAMBDA_FUNCTION_NAME="healthtech-dev")
    assert is_unchanged
    assert freeze_count > 10_000


@pytest.mark.long
def test_loading_outside_lambda_changes_nothing() -> None:
    assert load_module("app") == (True, 0)


class _Cycle:
    """A reference cycle, which only the garbage collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("in_lambda")
def test_cycles_are_collected_after_a_client_is_created() -> None:
    client_factory.create_client("dynamodb")
    references = [weakref.ref(_Cycle()) for _ in range(10_000)]
    assert sum(reference() is not None for reference in references) < 5_000


@pytest.mark.usefixtures("in_lambda")
def test_objects_of_a_client_are_frozen() -> None:
    client_factory.create_client("dynamodb")
    assert gc.get_freeze_count() > 10_000
