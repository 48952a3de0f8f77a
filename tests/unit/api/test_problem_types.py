"""The page that describes the problem types (RFC 9457, section 4)."""

import html

from chalicelib.api.problem_types import list_problem_types
from tests.support.in_process import ApiClient


def test_every_problem_type_has_a_section_on_the_page(api: ApiClient) -> None:
    page = api.request("GET", path="/problems", claims=None)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    problem_types = list(list_problem_types())
    assert len(problem_types) == 27
    assert all(f'id="{error.slug}"'.encode() in page.body for error in problem_types)


def test_type_of_a_problem_links_to_its_section(api: ApiClient) -> None:
    page = api.request("GET", path="/problems", claims=None)
    for status, response in ((405, api.request("POST")), (403, api.request("GET", "another"))):
        assert response.status_code == status
        path, _, section = response.json_body["type"].partition("#")
        assert path == "/problems"
        assert f'id="{section}"'.encode() in page.body


def test_section_has_the_status_title_and_detail(api: ApiClient) -> None:
    page = html.unescape(api.request("GET", path="/problems", claims=None).body.decode())
    for error in list_problem_types():
        assert f"<h2>{error.slug}</h2><p>{error.status} {error.title}. {error.detail}</p>" in page
