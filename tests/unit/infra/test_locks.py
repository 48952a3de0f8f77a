"""Concurrent deployments on one machine."""

import threading
from pathlib import Path

import pytest

from infra.deploy.locks import lock_config, lock_stage
from infra.deploy.progress import DeployError


def test_concurrent_deployment_of_a_stage_is_rejected(tmp_path: Path) -> None:
    with (
        lock_stage("dev", tmp_path),
        pytest.raises(DeployError, match=r"Another process is deploying or destroying dev\. Wait until it ends\."),
        lock_stage("dev", tmp_path),
    ):
        raise AssertionError("two concurrent deployments")


def test_deployments_of_two_stages_are_independent(tmp_path: Path) -> None:
    with lock_stage("dev", tmp_path), lock_stage("prod", tmp_path):
        assert {file.name for file in tmp_path.iterdir()} == {"dev.lock", "prod.lock"}


def test_lock_is_released_after_a_failed_deployment(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="failed"), lock_stage("dev", tmp_path):
        raise DeployError("failed")
    with lock_stage("dev", tmp_path):
        assert True


def test_concurrent_configuration_changes_are_sequential(tmp_path: Path) -> None:
    order: list[str] = []

    def change() -> None:
        with lock_config(tmp_path):
            order.append("second")

    with lock_config(tmp_path):
        thread = threading.Thread(target=change)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
