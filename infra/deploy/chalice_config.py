"""The stages in .chalice/config.json, and the records of deployed resources in .chalice/deployed/."""

import json
from pathlib import Path
from typing import Any, Final

from infra.deploy.locks import lock_config
from infra.deploy.progress import DeployError

ROOT: Final = Path(__file__).resolve().parents[2]
_CONFIG_FILE: Final = ROOT / ".chalice" / "config.json"
_RECORD_DIRECTORY: Final = ROOT / ".chalice" / "deployed"


def get_app_name() -> str:
    """Return the name of the Chalice app."""
    return str(_read_config()["app_name"])


def get_stage_config(name: str) -> dict[str, Any]:
    """Return the configuration of a stage, empty if it has none."""
    stage_config: dict[str, Any] = _read_config()["stages"].get(name, {})
    return stage_config


def write_stage_config(name: str, stage_config: dict[str, Any]) -> bool:
    """Write the configuration of a stage. Return False if it is unchanged."""
    with lock_config():
        config = _read_config()
        if config["stages"].get(name) == stage_config:
            return False
        _write_json(_CONFIG_FILE, {**config, "stages": {**config["stages"], name: stage_config}})
    return True


def delete_stage_config(name: str) -> None:
    """Delete the configuration and the record of a stage."""
    with lock_config():
        config = _read_config()
        if config["stages"].pop(name, None) is not None:
            _write_json(_CONFIG_FILE, config)
    _deployed_record_path(name).unlink(missing_ok=True)


def get_region(name: str) -> str:
    """Return the region of a stage. Raises DeployError if the stage was not deployed from this checkout."""
    function = get_stage_config(name).get("lambda_functions", {}).get("api_handler", {})
    variables = function.get("environment_variables", {})
    if "USER_POOL_ARN" not in variables:
        raise DeployError(f"The stage {name} is not configured in this checkout. Run: make deploy STAGE={name}")
    return str(variables["USER_POOL_ARN"].split(":")[3])


def has_deployed_record(name: str) -> bool:
    """Return True if this checkout has a record of the deployed resources of a stage."""
    return _deployed_record_path(name).exists()


def write_deployed_record(name: str, resources: list[dict[str, str]]) -> None:
    """Write the record of the deployed resources of a stage, in the format of Chalice."""
    _deployed_record_path(name).parent.mkdir(exist_ok=True)
    _write_json(_deployed_record_path(name), {"resources": resources, "schema_version": "2.0", "backend": "api"})


def _deployed_record_path(name: str) -> Path:
    return _RECORD_DIRECTORY / f"{name}.json"


def _read_config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(_CONFIG_FILE.read_text())
    return config


def _write_json(file: Path, data: Any) -> None:
    """Write a file so that an interruption leaves the old content."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data, indent=2) + "\n")
    part.replace(file)
