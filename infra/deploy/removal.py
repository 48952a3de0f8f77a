"""Remove the deployed code of a stage: functions, API and layer."""

from typing import Any

from infra.deploy import api_logs, pillow_layer
from infra.deploy.stage import Stage


def remove_code(stage: Stage, stage_config: dict[str, Any]) -> None:
    """Remove the functions, the API and the layer, and the execution log that API Gateway has created.

    Raises DeployError if several APIs have the name of the stage, or if Chalice fails.
    """
    api_id = stage.find_api_id()
    stage.write_config(stage_config)
    stage.write_deployed_record()
    # Delete the log before the API: its name contains the API ID, which is unknown to a run after an interruption.
    # Delete it again afterwards: API Gateway may have logged in between.
    if api_id:
        api_logs.delete_execution_log(stage, api_id)
    stage.run_chalice("delete")
    pillow_layer.delete_versions(stage)
    if api_id:
        api_logs.delete_execution_log(stage, api_id)
