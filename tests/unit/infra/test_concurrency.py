"""Reserved concurrency is applied if the limit of the account allows all of it."""

from typing import Any

import pytest

from infra.deploy.concurrency import reserve_if_possible

STAGE_CONFIG: dict[str, Any] = {
    "api_gateway_stage": "dev",
    "lambda_functions": {
        "api_handler": {"iam_role_arn": "arn:api", "reserved_concurrency": 200},
        "check_picture": {"iam_role_arn": "arn:pictures", "reserved_concurrency": 20},
        "pre_sign_up": {"iam_role_arn": "arn:trigger"},
    },
}
UNRESERVED_STAGE_CONFIG = {
    "api_gateway_stage": "dev",
    "lambda_functions": {
        "api_handler": {"iam_role_arn": "arn:api"},
        "check_picture": {"iam_role_arn": "arn:pictures"},
        "pre_sign_up": {"iam_role_arn": "arn:trigger"},
    },
}


class FakeStage:
    """A stage, and the Lambda client of its account: the unreserved concurrency and the reservations of functions."""

    def __init__(self, unreserved: int, **reserved: int) -> None:
        self._unreserved, self._reserved = unreserved, reserved

    def client(self, service: str) -> "FakeStage":
        assert service == "lambda"
        return self

    def list_functions(self) -> dict[str, str]:
        return {name: name for name in STAGE_CONFIG["lambda_functions"]}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._unreserved}}

    def get_function_concurrency(self, FunctionName: str) -> dict[str, int]:  # noqa: N803  # botocore's name
        reserved = self._reserved.get(FunctionName)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def reserve(stage: FakeStage, config: dict[str, Any] = STAGE_CONFIG) -> dict[str, Any]:
    return reserve_if_possible(stage, config)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", [FakeStage(1000), FakeStage(320), FakeStage(100, api_handler=200, check_picture=20)])
def test_reservations_within_the_limit_are_applied(stage: FakeStage, capsys: pytest.CaptureFixture[str]) -> None:
    assert reserve(stage) == STAGE_CONFIG
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("  ok  concurrency    220 reserved")


@pytest.mark.parametrize(
    ("stage", "available"), [(FakeStage(319), 219), (FakeStage(10), 0), (FakeStage(100, api_handler=100), 100)]
)
def test_reservations_over_the_limit_are_dropped(
    stage: FakeStage, available: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reserve(stage) == UNRESERVED_STAGE_CONFIG
    line, warning = capsys.readouterr().out.splitlines()
    assert line.startswith("  ok  concurrency    not reserved")
    assert warning.startswith("  !!  ")
    assert f"requests a reserved concurrency of 220, but the account can reserve only {available}" in warning


def test_stage_without_reservations_makes_no_call(capsys: pytest.CaptureFixture[str]) -> None:
    class UnreachableStage(FakeStage):
        def client(self, service: str) -> FakeStage:
            raise AssertionError(service)

    assert reserve(UnreachableStage(0), UNRESERVED_STAGE_CONFIG) == UNRESERVED_STAGE_CONFIG
    assert capsys.readouterr().out == ""
