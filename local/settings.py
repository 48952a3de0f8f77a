"""Ports and places, from the environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
# The embedded AWS takes this pair for its account's root; it opens nothing anywhere else.
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class PortError(Exception):
    """A port variable is no port."""


@dataclass(frozen=True)
class LocalSettings:
    """Where the local stack listens, and where it keeps its state."""

    api_port: int
    aws_port: int
    directory: Path
    inherited: dict[str, str] = field(repr=False)

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.api_port}"

    @property
    def aws_endpoint_url(self) -> str:
        return f"http://{HOST}:{self.aws_port}"

    @property
    def stack_file(self) -> Path:
        """Written when all is ready, removed at shutdown."""
        return self.directory / "stack.json"

    def environment(self) -> dict[str, str]:
        """A child's environment: ours, with AWS meaning the embedded one and no account of the user's."""
        kept = {name: value for name, value in self.inherited.items() if not name.startswith("AWS_")}
        return {
            **kept,
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "API_PORT": str(self.api_port),
            "AWS_PORT": str(self.aws_port),
            "LOCAL_DIR": str(self.directory),
        }


def _port(environ: dict[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise PortError(f"{name} must be a port number from 1 to 65535")
    return int(text)


def load() -> LocalSettings:
    """API_PORT (8000), AWS_PORT (4566) and LOCAL_DIR (.local). Raises PortError."""
    environ = dict(os.environ)
    return LocalSettings(
        api_port=_port(environ, "API_PORT", 8000),
        aws_port=_port(environ, "AWS_PORT", 4566),
        directory=Path(environ.get("LOCAL_DIR") or ROOT / ".local").resolve(),
        inherited=environ,
    )
