"""Ports and places, from the environment."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
DEFAULT_API_PORT: Final = 8000
DEFAULT_AWS_PORT: Final = 4566
DEFAULT_DIRECTORY: Final = ROOT / ".local"
# Variables of the user's environment that child processes need. Everything else stays out of them: tokens,
# passwords, and the variables that AWS SDKs read.
_INHERITED: Final = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOG_LEVEL", "PATH", "PERSIST_STATE", "TMPDIR", "TZ",
        "VIRTUAL_ENV",
    }
)  # fmt: skip
_INHERITED_PREFIXES: Final = ("COVERAGE_", "LC_", "PYTHON")


class PortError(Exception):
    """A port variable is no port."""


@dataclass(frozen=True)
class AccessKey:
    """The access key of the embedded AWS's account root."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls) -> "AccessKey":
        """Return a random key. Its id does not look like a key of a real account to secret scanners."""
        return cls(f"LOCAL{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables in which AWS SDKs look for a key."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class LocalSettings:
    """Where the local stack listens, where it keeps its state, and the access key of its embedded AWS."""

    api_port: int
    aws_port: int
    directory: Path
    inherited: dict[str, str] = field(repr=False)
    access_key: AccessKey = field(default_factory=AccessKey.generate)
    api_host: str = HOST

    @property
    def api_url(self) -> str:
        host = HOST if self.api_host == "0.0.0.0" else self.api_host
        return f"http://{host}:{self.api_port}"

    @property
    def aws_endpoint_url(self) -> str:
        return f"http://{HOST}:{self.aws_port}"

    @property
    def stack_file(self) -> Path:
        """Written when all is ready, removed at shutdown."""
        return self.directory / "stack.json"

    def environment(self) -> dict[str, str]:
        """Return the environment of a child process: the variables it needs, and the embedded AWS."""
        return {
            **{name: value for name, value in self.inherited.items() if _is_inherited(name)},
            **self._aws_variables(),
            "PYTHONUNBUFFERED": "1",
            "API_PORT": str(self.api_port),
            "AWS_PORT": str(self.aws_port),
            "LOCAL_DIR": str(self.directory),
        }

    def tool_environment(self) -> dict[str, str]:
        """Return the user's environment with the embedded AWS in place of the user's accounts.

        For tools that the user has configured by variables, such as Terraform and pip.
        """
        kept = {name: value for name, value in self.inherited.items() if not name.startswith("AWS_")}
        return {**kept, **self._aws_variables()}

    def _aws_variables(self) -> dict[str, str]:
        return {
            **self.access_key.variables,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _is_inherited(name: str) -> bool:
    return name in _INHERITED or name.startswith(_INHERITED_PREFIXES)


def parse_port(text: str, name: str) -> int:
    """Return the port number in a text. Raises PortError with the setting's name."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise PortError(f"{name} must be a port number from 1 to 65535")
    return int(text)


def load() -> LocalSettings:
    """API_PORT (8000), AWS_PORT (4566) and LOCAL_DIR (.local). Raises PortError."""
    environ = dict(os.environ)
    return LocalSettings(
        api_port=parse_port(environ.get("API_PORT") or str(DEFAULT_API_PORT), "API_PORT"),
        aws_port=parse_port(environ.get("AWS_PORT") or str(DEFAULT_AWS_PORT), "AWS_PORT"),
        directory=Path(environ.get("LOCAL_DIR") or DEFAULT_DIRECTORY).resolve(),
        inherited=environ,
    )
