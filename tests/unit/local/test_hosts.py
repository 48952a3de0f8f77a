"""Host headers that a local server accepts, so that DNS rebinding does not reach it."""

import pytest

from local.hosts import find_host_error

ACCEPTED = ["127.0.0.1:4566", "localhost:4566", "LocalHost:4566"]
REJECTED = {
    "rebound name": "evil.test:4566",
    "name with the same end": "evil-localhost:4566",
    "name with the same start": "127.0.0.1.evil.test:4566",
    "subdomain": "bucket.localhost:4566",
    "trailing dot": "localhost.:4566",
    "user information": "evil@127.0.0.1:4566",
    "no port": "127.0.0.1",
    "empty port": "127.0.0.1:",
    "another port": "127.0.0.1:80",
    "port in other digits": "127.0.0.1:٤566",
    "two ports": "127.0.0.1:4566:4566",
    "space": "127.0.0.1:4566 ",
    "two hosts": "127.0.0.1:4566, 127.0.0.1:4566",
}
ADDRESSES = ["192.168.0.2:4566", "0.0.0.0:4566", "[::1]:4566"]


@pytest.mark.parametrize("host", ACCEPTED)
def test_loopback_host_is_accepted(host: str) -> None:
    assert find_host_error([host], 4566) is None


@pytest.mark.parametrize("any_address", [False, True])
@pytest.mark.parametrize("name", REJECTED)
def test_other_host_is_misdirected(name: str, any_address: bool) -> None:
    assert find_host_error([REJECTED[name]], 4566, any_address=any_address) == 421


@pytest.mark.parametrize("address", ADDRESSES)
def test_other_address_needs_a_server_on_any_address(address: str) -> None:
    assert find_host_error([address], 4566) == 421
    assert find_host_error([address], 4566, any_address=True) is None


@pytest.mark.parametrize("hosts", [[], [""], ["127.0.0.1:4566", "127.0.0.1:4566"], ["127.0.0.1:4566", "evil.test"]])
def test_missing_or_repeated_host_is_a_bad_request(hosts: list[str]) -> None:
    assert find_host_error(hosts, 4566, any_address=True) == 400


def test_host_without_a_port_means_port_80() -> None:
    assert find_host_error(["localhost"], 80) is None
    assert find_host_error(["evil.test"], 80) == 421
