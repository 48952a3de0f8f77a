"""The embedded AWS as a process: `python -m local.aws`, on AWS_PORT of 127.0.0.1, until SIGTERM.

MiniStack reads its configuration from the environment when it is imported, hence the order in main().
AUTH makes it do what AWS does: verify signatures, evaluate IAM policies, refuse a wrong confirmation code.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from typing import Final

from local import settings
from local.origin_guard import OriginGuard
from local.processes import end_with_parent

# Only what the product uses: MiniStack starts in a fraction of a second instead of six.
SERVICES: Final = "apigateway,cognito-idp,dynamodb,events,iam,kms,lambda,logs,monitoring,s3,ses,sqs,sts"
# The code of every confirmation mail MiniStack sends.
CONFIRMATION_CODE: Final = "123456"
_SAVE_EVERY: Final = 5  # seconds
# Of the time: saving a pool of 20,000 users takes as long as answering 300 requests, and holds them up.
_SAVE_SHARE: Final = 0.05
READY_PATH: Final = "/_ministack/ready"


def configuration(local: settings.LocalSettings) -> dict[str, str]:
    """MiniStack's environment variables."""
    state = local.directory / "state"
    return {
        "AUTH": "true",
        "BIND_HOST": settings.HOST,
        "GATEWAY_PORT": str(local.aws_port),
        "MINISTACK_HOST": settings.HOST,
        "MINISTACK_REGION": settings.REGION,
        "SERVICES": SERVICES,
        "PERSIST_STATE": local.inherited.get("PERSIST_STATE", "1"),
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(local.directory / "tmp"),  # where it unpacks the functions, and leaves them
    }


async def _serve(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as ministack

    from local import alarms, function_logs, request_log, rest_apis, triggers
    from local.emulator_patches import (
        cognito_accounts,
        cognito_admin,
        cognito_attributes,
        cognito_delivery,
        cognito_sign_in,
        cognito_tokens,
        credentials,
        lambda_runtimes,
    )

    for lacking in (alarms, function_logs, rest_apis, triggers):
        lacking.install()
    for patch in (
        cognito_accounts, cognito_admin, cognito_attributes, cognito_delivery, cognito_sign_in, cognito_tokens,
        credentials, lambda_runtimes,
    ):  # fmt: skip
        patch.install()
    # What never leaves this machine needs no TLS: policies that ask for it are met.
    pin = ministack.pin_request_origin
    ministack.pin_request_origin = lambda address, _: pin(address, True)
    end_with_parent()
    config = Config()
    config.bind = [f"{settings.HOST}:{port}"]
    config.keep_alive_timeout = 75  # seconds; longer than botocore keeps an idle connection
    config.keep_alive_max_requests = sys.maxsize  # the default of 1000 drops a request now and then
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    saver = asyncio.create_task(_save_now_and_then())
    application = OriginGuard(request_log.log_client_requests(ministack.app), port)
    await serve(application, config, shutdown_trigger=stop.wait)
    saver.cancel()


async def _save_now_and_then() -> None:
    """MiniStack saves its state when it ends; whoever is killed has not ended."""
    from ministack import app as ministack
    from ministack.core.persistence import save_all

    pause: float = _SAVE_EVERY
    while True:
        await asyncio.sleep(pause)
        started = time.monotonic()
        await asyncio.to_thread(save_all, ministack._build_persistence_save_dict())
        pause = max(_SAVE_EVERY, (time.monotonic() - started) / _SAVE_SHARE)


def main() -> None:
    local = settings.load()
    if missing := [name for name in local.access_key.variables if not os.environ.get(name)]:
        sys.exit(f"{' and '.join(missing)} must be set: the embedded AWS accepts this key and no other.")
    shutil.rmtree(local.directory / "tmp", ignore_errors=True)
    (local.directory / "tmp").mkdir(parents=True)
    os.environ.update(configuration(local))
    asyncio.run(_serve(local.aws_port))


if __name__ == "__main__":
    main()
