"""The garbage collector is paused in Lambda only, and never for long."""

import gc
import runpy
import weakref
from collections.abc import Iterator

import pytest

from chalicelib import gc_tuning, sdk
from local.settings import ROOT


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, int, int]]:
    """The thresholds before a test, which are there again after it."""
    before = gc.get_threshold()
    gc.unfreeze()  # what other tests, and Python itself, have frozen
    yield before
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "healthtech-dev")


def test_nothing_is_paused_outside_lambda(thresholds: tuple[int, int, int]) -> None:
    gc_tuning.pause()
    assert gc.get_threshold() == thresholds
    gc_tuning.resume()
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("in_lambda")
def test_a_pause_ends_with_the_thresholds_before_it() -> None:
    gc.set_threshold(900, 11, 12)
    gc_tuning.pause()
    assert gc.get_threshold()[0] > 900
    gc_tuning.resume()
    assert gc.get_threshold() == (900, 11, 12)


@pytest.mark.usefixtures("in_lambda")
def test_two_pauses_at_once_are_one() -> None:
    gc.set_threshold(900, 11, 12)
    gc_tuning.pause()
    gc_tuning.pause()
    gc_tuning.resume()
    assert gc.get_threshold() == (900, 11, 12)


@pytest.mark.usefixtures("in_lambda")
def test_loading_the_application_ends_its_pause(thresholds: tuple[int, int, int]) -> None:
    """pre_sign_up makes no client, which would end it, too."""
    runpy.run_path(str(ROOT / "app.py"))
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() > 10_000


def test_loading_the_application_elsewhere_changes_nothing(thresholds: tuple[int, int, int]) -> None:
    runpy.run_path(str(ROOT / "app.py"))
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0


class _Cycle:
    """What only the collector removes."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.usefixtures("in_lambda")
def test_cycles_are_collected_soon_after_a_client_is_made() -> None:
    sdk.client("dynamodb")
    left = [weakref.ref(_Cycle()) for _ in range(10_000)]
    assert sum(it() is not None for it in left) < 5_000


@pytest.mark.usefixtures("in_lambda")
def test_what_a_client_consists_of_is_not_examined_again() -> None:
    sdk.client("dynamodb")
    assert gc.get_freeze_count() > 10_000
