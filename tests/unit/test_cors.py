"""Which origins get which headers."""

from chalicelib.cors import Cors


def test_by_default_no_page_may_call() -> None:
    cors = Cors(frozenset())
    assert cors.headers("https://app.example.com") == {}
    assert cors.preflight("https://app.example.com", ["GET"]) == {}


def test_any_page_may_call_where_that_is_configured_and_caches_need_not_tell_origins_apart() -> None:
    headers = Cors(frozenset({"*"})).headers("https://app.example.com")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in headers


def test_credentials_are_never_allowed() -> None:
    for origins in ({"*"}, {"https://app.example.com"}):
        cors = Cors(frozenset(origins))
        told = {**cors.headers("https://app.example.com"), **cors.preflight("https://app.example.com", ["GET"])}
        assert "Access-Control-Allow-Credentials" not in told
