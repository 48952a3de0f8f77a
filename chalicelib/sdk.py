"""botocore, told at once what it would find out anew.

Each figure is the share of a hand-written GET, or of its cold start, that a setting saves (`make bench`).
Signatures, TLS, timeouts and retries are botocore's own.
"""

import gc
import json
from functools import cache
from typing import Any, Final

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from chalicelib.idle_connections import close_when_idle

_PACE: Final = (700, 10, 10)  # Python's default
# https://docs.aws.amazon.com/general/latest/gr/rande.html#regional-endpoints
_HOST: Final = "{service}.{region}.{dnsSuffix}"
_FIPS: Final = {"hostname": "{service}-fips.{region}.{dnsSuffix}", "tags": ["fips"]}


class _Loader(Loader):
    """botocore's own data, less what is not needed of it."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  # each has what is asked for
        """Ours, and whom botocore asks for credentials. It looks through four hundred directories: 0.08 of a start."""
        return ["cognito-idp", "dynamodb", "lambda", "s3", "sso", "sso-oidc", "sts"]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Every service's address in every region is 1.2 MB of JSON, and 7 MiB of memory. They follow a rule."""
        if name != "endpoints":
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
        "defaults": {"hostname": _HOST, "protocols": ["https"], "signatureVersions": ["v4"], "variants": [_FIPS]},
        "services": {},
    }


@cache
def _session() -> Session:
    """botocore alone: boto3 makes the same clients of it, and takes 0.08 of a start to import."""
    session = Session()
    session.register_component("data_loader", _Loader())
    return session


def client(service: str, **settings: Any) -> Any:
    """A client with these settings of botocore's Config."""
    config = Config(
        # Else it is put together anew for each call, twice. With the next one: 0.38.
        user_agent="healthtech",
        parameter_validation=False,  # AWS validates, too, and our shapes are fixed
        **settings,
    )
    made: Any = _session().create_client(service, config=config)
    if service == "dynamodb":
        # Its address is the same for each call. Without rules botocore takes the one that it has found at first: 0.07.
        made._ruleset_resolver = None
        made._serializer = _Serializer()  # 0.02, and of a PUT 0.06
        made.meta.events.register("before-parse.dynamodb", _read)
    close_when_idle(made)
    _loaded()
    return made


def _loaded() -> None:
    """What is there now stays, and is not looked through again; what comes and goes is collected at Python's own pace.

    Until then the collector waits: see chalicelib/__init__.py. Waiting for ever, a function grows by 4 KB a request
    where its caller leaves a cycle each time, as the embedded AWS does.
    """
    gc.freeze()
    gc.set_threshold(*_PACE)


class _Serializer:
    """What is sent is the JSON that it is: botocore would go through it for binary values and times."""

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> dict[str, Any]:
        """As botocore's of the same name, for the protocol of DynamoDB."""
        metadata = operation_model.metadata
        return {
            "url_path": "/",
            "query_string": "",
            "method": "POST",
            "headers": {
                "X-Amz-Target": f"{metadata['targetPrefix']}.{operation_model.name}",
                "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
            },
            "body": json.dumps(parameters).encode(),
        }


def _read(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take an answer as the JSON it is: there are no binary values, which botocore looks for at every place. 0.05."""
    if response_dict["status_code"] == 200:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b""
