"""botocore clients that start sooner and do less for each call.

Each figure is the share of a hand-written GET, or of its cold start, that a setting saves (`make bench`).
Signatures, TLS, timeouts and retries are botocore's own.
"""

from functools import cache
from typing import Any, Final

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from chalicelib import botocore_tuning, gc_tuning
from chalicelib.idle_connections import close_when_idle

# https://docs.aws.amazon.com/general/latest/gr/rande.html#regional-endpoints
_HOST: Final = "{service}.{region}.{dnsSuffix}"
_OF_CREDENTIALS: Final = frozenset({"sso", "sso-oidc", "sts"})  # services that botocore may ask for credentials


class _Loader(Loader):
    """botocore's own data, less what is not needed of it."""

    def __init__(self, *, endpoints_by_rule: bool) -> None:
        super().__init__()
        self.services = set(_OF_CREDENTIALS)  # those that a client has been asked for, too
        self._endpoints_by_rule = endpoints_by_rule

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  # each has what is asked for
        """Return those in use. To list all, botocore reads four hundred directories: 0.08 of a start."""
        return sorted(self.services)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Load data, but for `endpoints`: every service in every region is 1.2 MB of JSON, and 7 MiB of memory."""
        if name != "endpoints" or not self._endpoints_by_rule:
            loaded: tuple[Any, str] = super().load_data_with_path(name)
            return loaded
        partitions, path = super().load_data_with_path("partitions")
        return {"version": 3, "partitions": [_by_rule(it) for it in partitions["partitions"]]}, path


def _by_rule(partition: dict[str, Any]) -> dict[str, Any]:
    return {
        "partition": partition["id"],
        "dnsSuffix": partition["outputs"]["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "defaults": {"hostname": _HOST, "protocols": ["https"], "signatureVersions": ["v4"]},
        "services": {},
    }


@cache
def _session() -> Session:
    """botocore alone: boto3 makes the same clients of it, and takes 0.08 of a start to import."""
    session = Session()
    # The addresses of FIPS and dual-stack endpoints follow no rule.
    variants = ("use_fips_endpoint", "use_dualstack_endpoint")
    by_rule = not any(session.get_config_variable(name) for name in variants)
    session.register_component("data_loader", _Loader(endpoints_by_rule=by_rule))
    return session


def client(service: str, *, tuned: bool = True, **settings: Any) -> Any:
    """Return a client with these settings of botocore's Config. Untuned, it is as plain botocore makes it."""
    config = Config(
        # Else it is put together anew for each call, twice. With the next one: 0.38.
        user_agent="healthtech",
        parameter_validation=False,  # AWS validates, too, and our shapes are fixed
        **settings,
    )
    gc_tuning.pause()
    try:
        session = _session() if tuned else Session()
        if tuned:
            session.get_component("data_loader").services.add(service)
        made: Any = session.create_client(service, config=config)
        if tuned and service == "dynamodb":
            botocore_tuning.tune(made)
        close_when_idle(made)
    finally:
        gc_tuning.resume()
    return made
