"""The embedded AWS (MiniStack) as a process: `python -m local.emulator`, on AWS_PORT of 127.0.0.1, until SIGTERM.

MiniStack reads its configuration from the environment when it is imported. So main() sets the environment first.
With AUTH, MiniStack verifies signatures, evaluates IAM policies, and rejects wrong confirmation codes, as AWS does.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from typing import Final

from local import config
from local.console_operations import ConsoleOperations
from local.origin_guard import OriginGuard
from local.processes import exit_with_parent

# Only the services that the product uses. MiniStack then starts in less than 1 s instead of 6 s.
SERVICES: Final = "apigateway,cognito-idp,dynamodb,events,iam,kms,lambda,logs,monitoring,s3,ses,sqs,sts"
# The code in every confirmation mail that MiniStack sends, unless RANDOM_CODES is set.
CONFIRMATION_CODE: Final = "123456"
READY_PATH: Final = "/_ministack/ready"
_SAVE_INTERVAL_SECONDS: Final = 5
# Share of the time that saving may take. Saving 20,000 users takes as long as 300 requests, and delays requests.
_MAX_SAVE_SHARE: Final = 0.05
_KEEP_ALIVE_SECONDS: Final = 75  # longer than botocore keeps an idle connection


def emulator_environment(local: config.LocalSettings) -> dict[str, str]:
    """Return MiniStack's environment variables."""
    state = local.state_directory / "state"
    return {
        "AUTH": "true",
        "BIND_HOST": config.HOST,
        "GATEWAY_PORT": str(local.aws_port),
        "MINISTACK_HOST": config.HOST,
        "MINISTACK_REGION": config.REGION,
        "SERVICES": SERVICES,
        "PERSIST_STATE": local.base_environment.get("PERSIST_STATE", "1"),
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(local.state_directory / "tmp"),  # MiniStack unpacks functions there and does not delete them
    }


async def _serve(port: int, secret: str) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as ministack

    from local import cognito_requests, request_log
    from local.emulator_patches.installer import install_patches

    install_patches()
    _treat_requests_as_encrypted()
    exit_with_parent()
    server_config = Config()
    server_config.bind = [f"{config.HOST}:{port}"]
    server_config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    server_config.keep_alive_max_requests = sys.maxsize  # the default of 1000 drops a request occasionally
    server_config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    saver = asyncio.create_task(_save_periodically())
    logged = request_log.log_client_requests(ministack.app, cognito_requests.find_user)
    operations = ConsoleOperations(logged, secret)
    application = OriginGuard(operations, port)
    await serve(application, server_config, shutdown_trigger=stop.wait)
    saver.cancel()


def _treat_requests_as_encrypted() -> None:
    """Let requests satisfy policies that require TLS. They never leave this machine, so they do not use TLS."""
    from ministack import app as ministack

    pin = ministack.pin_request_origin
    ministack.pin_request_origin = lambda address, _: pin(address, True)


async def _save_periodically() -> None:
    """Save the state regularly. MiniStack saves it only when it exits, which does not happen if it is killed."""
    from ministack import app as ministack
    from ministack.core.persistence import save_all

    pause: float = _SAVE_INTERVAL_SECONDS
    while True:
        await asyncio.sleep(pause)
        started = time.monotonic()
        await asyncio.to_thread(save_all, ministack._build_persistence_save_dict())
        pause = max(_SAVE_INTERVAL_SECONDS, (time.monotonic() - started) / _MAX_SAVE_SHARE)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    local = config.load_settings()
    if missing := [name for name in local.access_key.variables if not os.environ.get(name)]:
        sys.exit(f"{' and '.join(missing)} must be set: the embedded AWS accepts only this access key.")
    shutil.rmtree(local.state_directory / "tmp", ignore_errors=True)
    (local.state_directory / "tmp").mkdir(parents=True)
    os.environ.update(emulator_environment(local))
    asyncio.run(_serve(local.aws_port, os.environ["AWS_SECRET_ACCESS_KEY"]))


if __name__ == "__main__":
    main()
