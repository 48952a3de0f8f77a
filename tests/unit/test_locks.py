"""Two deploys on one machine."""

import threading
from pathlib import Path

import pytest

from infra.deploy.console import Failure
from infra.deploy.locks import locked_configuration, locked_stage


def test_second_deploy_of_a_stage_is_refused(tmp_path: Path) -> None:
    with (
        locked_stage("dev", tmp_path),
        pytest.raises(Failure, match=r"Another process deploys dev or takes it down\. Wait for its end\."),
        locked_stage("dev", tmp_path),
    ):
        raise AssertionError("two deploys at once")


def test_deploys_of_two_stages_are_independent(tmp_path: Path) -> None:
    with locked_stage("dev", tmp_path), locked_stage("prod", tmp_path):
        assert {file.name for file in tmp_path.iterdir()} == {"dev.lock", "prod.lock"}


def test_stage_is_free_after_a_failed_deploy(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no"), locked_stage("dev", tmp_path):
        raise Failure("no")
    with locked_stage("dev", tmp_path):
        assert True


def test_changes_of_the_configuration_wait_for_each_other(tmp_path: Path) -> None:
    order: list[str] = []

    def change() -> None:
        with locked_configuration(tmp_path):
            order.append("second")

    with locked_configuration(tmp_path):
        thread = threading.Thread(target=change)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
