"""Find a copy of Terraform's AWS provider on this machine.

`terraform init` downloads providers from the public registry. A machine without a route to the registry
needs a copy of the provider for the tests and benchmarks that need Terraform.
"""

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
# Directories of optional software. Each package has its own subdirectory.
_OPTIONAL_SOFTWARE: Final = (Path("/opt"), Path("/usr/local"), Path("/usr/local/lib"), Path("/usr/local/share"))
_INIT_ARGUMENTS: Final = "TF_CLI_ARGS_init"
_CACHE: Final = "TF_PLUGIN_CACHE_DIR"


def build_terraform_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Terraform. `terraform init` uses a local copy of the provider if one exists."""
    directory = find_plugin_directory(environ)
    if directory is None or _INIT_ARGUMENTS in environ:
        return dict(environ)
    # Terraform fails if the copy is in its plugin cache, because it would install the provider onto itself.
    without_cache = {name: value for name, value in environ.items() if name != _CACHE}
    return {**without_cache, _INIT_ARGUMENTS: f"-plugin-dir={directory}"}


def find_plugin_directory(
    environ: Mapping[str, str], optional_software: Sequence[Path] = _OPTIONAL_SOFTWARE
) -> Path | None:
    """Return the first directory that holds the provider for this platform, or None."""
    candidates = _candidate_directories(environ, optional_software)
    return next((directory for directory in candidates if _has_provider(directory)), None)


def _candidate_directories(environ: Mapping[str, str], optional_software: Sequence[Path]) -> Iterator[Path]:
    for name in ("TF_PLUGIN_DIR", _CACHE):
        if environ.get(name):
            yield Path(environ[name])
    yield from _implied_mirrors(environ)
    for directory in optional_software:
        if directory.is_dir():
            yield from sorted(directory.iterdir())


def _implied_mirrors(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the directories that Terraform searches by default.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path(environ.get("HOME") or Path.home())
    yield home / ".terraform.d" / "plugins"
    if platform.system() == "Darwin":
        yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
        return
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for directory in (data_home, *shared.split(":")):
        yield Path(directory) / "terraform" / "plugins"


def _has_provider(directory: Path) -> bool:
    """Return True if the directory contains the provider for this platform, unpacked or as an archive."""
    machine = platform.machine()
    system = f"{platform.system().lower()}_{_ARCHITECTURES.get(machine, machine)}"
    versions = directory / _PROVIDER
    return any(versions.glob(f"*/{system}")) or any(versions.glob(f"terraform-provider-aws_*_{system}.zip"))
