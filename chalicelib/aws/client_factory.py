"""botocore clients with a shorter start and less work per call. docs/performance.md lists the savings.

Signatures, TLS, timeouts and retries remain those of botocore.
"""

from functools import cache
from typing import Any, Final

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from chalicelib.aws import botocore_tuning, gc_tuning
from chalicelib.aws.idle_connections import close_when_idle

# https://docs.aws.amazon.com/general/latest/gr/rande.html#regional-endpoints
_HOSTNAME_TEMPLATE: Final = "{service}.{region}.{dnsSuffix}"
_CREDENTIAL_SERVICES: Final = frozenset({"sso", "sso-oidc", "sts"})  # from which botocore may get credentials


class _TrimmedLoader(Loader):
    """A loader of botocore's data files without the data that this application does not use."""

    def __init__(self, *, derives_endpoints: bool) -> None:
        super().__init__()
        self.services = set(_CREDENTIAL_SERVICES)  # create_client adds those of the clients
        self._derives_endpoints = derives_endpoints

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  # each service has all types
        """Return the services in use. botocore's own method reads four hundred directories."""
        return sorted(self.services)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Load a data file. Derive `endpoints` from a rule: the file lists every service in every region, 1.2 MB."""
        if name != "endpoints" or not self._derives_endpoints:
            data: tuple[Any, str] = super().load_data_with_path(name)
            return data
        partitions, path = super().load_data_with_path("partitions")
        return {"version": 3, "partitions": [_to_partition(output) for output in partitions["partitions"]]}, path


def _to_partition(partition: dict[str, Any]) -> dict[str, Any]:
    return {
        "partition": partition["id"],
        "dnsSuffix": partition["outputs"]["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "defaults": {"hostname": _HOSTNAME_TEMPLATE, "protocols": ["https"], "signatureVersions": ["v4"]},
        "services": {},
    }


@cache
def _shared_session() -> Session:
    """Return the session of all tuned clients. boto3 would create the same clients and takes longer to import."""
    session = Session()
    # FIPS and dual-stack endpoints do not follow the rule.
    variants = ("use_fips_endpoint", "use_dualstack_endpoint")
    derives_endpoints = not any(session.get_config_variable(name) for name in variants)
    session.register_component("data_loader", _TrimmedLoader(derives_endpoints=derives_endpoints))
    return session


def create_client(service: str, *, tuned: bool = True, **config: Any) -> Any:
    """Create a client with these settings of botocore's Config. An untuned one uses a plain session of botocore."""
    client_config = Config(
        user_agent="healthtech",  # botocore would build its user agent twice for each call
        parameter_validation=False,  # AWS validates too, and the parameters here have fixed shapes
        **config,
    )
    gc_tuning.pause()
    try:
        session = _shared_session() if tuned else Session()
        if tuned:
            session.get_component("data_loader").services.add(service)
        client: Any = session.create_client(service, config=client_config)
        if tuned and service == "dynamodb":
            botocore_tuning.tune(client)
        close_when_idle(client)
    finally:
        gc_tuning.resume()
    return client


def reset() -> None:
    """Discard the shared session, for tests that change the environment."""
    _shared_session.cache_clear()
