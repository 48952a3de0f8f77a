"""Configuration of the local stack, from the environment: ports, the state directory, and the access key."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
DEFAULT_API_PORT: Final = 8000
DEFAULT_AWS_PORT: Final = 4566
DEFAULT_CONSOLE_PORT: Final = 8010
NO_PORT: Final = 0  # the console port of `chalice local`, which has no console
DEFAULT_STATE_DIRECTORY: Final = ROOT / ".local"
# Variables that child processes inherit from the user's environment. All others are removed: tokens, passwords, and the
# variables that AWS SDKs read.
_INHERITED: Final = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOG_LEVEL", "PATH", "PERSIST_STATE", "RANDOM_CODES", "TMPDIR",
        "TZ", "VIRTUAL_ENV",
    }
)  # fmt: skip
_INHERITED_PREFIXES: Final = ("COVERAGE_", "LC_", "PYTHON")


class InvalidPort(Exception):
    """A port variable or option is not a port number."""


@dataclass(frozen=True)
class AccessKey:
    """The access key of the embedded AWS account's root user."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls) -> "AccessKey":
        """Return a random key. Secret scanners do not mistake its id for the id of a real key."""
        return cls(f"LOCAL{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables from which AWS SDKs read the key."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}


class LocalVariable(NamedTuple):
    """An environment variable of `make run`. docs/configuration.md has the description (`make docs`)."""

    default: str
    description: str


VARIABLES: Final = {
    "API_PORT": LocalVariable(str(DEFAULT_API_PORT), "Port of the API."),
    "AWS_PORT": LocalVariable(str(DEFAULT_AWS_PORT), "Port of the embedded AWS."),
    "CONSOLE_PORT": LocalVariable(
        str(DEFAULT_CONSOLE_PORT), "Port of the web console. See docs/getting-started.md#console."
    ),
    "LOCAL_DIR": LocalVariable(DEFAULT_STATE_DIRECTORY.name, "Folder of the state and the logs."),
    "RANDOM_CODES": LocalVariable(
        "0", "With `1`, emails have random codes as on AWS, instead of `123456` and `654321`."
    ),
}


@dataclass(frozen=True)
class LocalSettings:
    """The ports and the state directory of a local stack, and the access key of its embedded AWS."""

    api_port: int
    aws_port: int
    state_directory: Path
    base_environment: dict[str, str] = field(repr=False)
    access_key: AccessKey = field(default_factory=AccessKey.generate)
    api_host: str = HOST
    console_port: int = NO_PORT

    @property
    def api_url(self) -> str:
        """The URL of the API, without a trailing slash."""
        host = HOST if self.api_host == "0.0.0.0" else self.api_host
        return f"http://{host}:{self.api_port}"

    @property
    def aws_endpoint_url(self) -> str:
        """The URL of the embedded AWS, without a trailing slash."""
        return f"http://{HOST}:{self.aws_port}"

    @property
    def console_url(self) -> str:
        """The URL of the web console, without a trailing slash."""
        return f"http://{HOST}:{self.console_port}"

    @property
    def has_random_codes(self) -> bool:
        """True if the embedded AWS sends random codes, as Cognito does, instead of fixed ones."""
        return _get_variable(self.base_environment, "RANDOM_CODES") != "0"

    @property
    def stack_file(self) -> Path:
        """The path of stack.json. The file exists while the stack is ready."""
        return self.state_directory / "stack.json"

    def environment(self) -> dict[str, str]:
        """Return the environment of a child process: the inherited variables, and the embedded AWS."""
        return {
            **{name: value for name, value in self.base_environment.items() if _is_inherited(name)},
            **self._aws_variables(),
            "PYTHONUNBUFFERED": "1",
            "API_PORT": str(self.api_port),
            "AWS_PORT": str(self.aws_port),
            "LOCAL_DIR": str(self.state_directory),
        }

    def tool_environment(self) -> dict[str, str]:
        """Return the user's environment with the embedded AWS instead of the user's AWS accounts.

        For tools that the user configures by variables, such as Terraform and pip.
        """
        without_aws = {name: value for name, value in self.base_environment.items() if not name.startswith("AWS_")}
        return {**without_aws, **self._aws_variables()}

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
    """Return the port number that a text contains. Raises InvalidPort with the name of the setting."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise InvalidPort(f"{name} must be a port number from 1 to 65535")
    return int(text)


def _get_variable(environ: Mapping[str, str], name: str) -> str:
    """Return the value of one of VARIABLES. An empty value counts as absent."""
    return environ.get(name) or VARIABLES[name].default


def load_settings() -> LocalSettings:
    """Read VARIABLES from the environment. Raises InvalidPort."""
    environ = dict(os.environ)
    return LocalSettings(
        api_port=parse_port(_get_variable(environ, "API_PORT"), "API_PORT"),
        aws_port=parse_port(_get_variable(environ, "AWS_PORT"), "AWS_PORT"),
        state_directory=Path(environ.get("LOCAL_DIR") or DEFAULT_STATE_DIRECTORY).resolve(),
        base_environment=environ,
        console_port=parse_port(_get_variable(environ, "CONSOLE_PORT"), "CONSOLE_PORT"),
    )
