import pytest

from local.api import show


@pytest.mark.parametrize("line", ["", "text", "5", "null", "[]", '"text"', "{}", '{"message":"request"}', "{"])
def test_any_line_of_a_log_can_be_heard_without_a_word(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(line + "\n")
    assert capsys.readouterr() == ("", "")


def test_a_request_is_shown_and_a_warning_too(capsys: pytest.CaptureFixture[str]) -> None:
    show('{"message":"request","method":"GET","route":"/users/{user_id}","status":200,"ms":1.5}')
    show('{"level":"WARNING","message":"sign-up refused"}')
    told = capsys.readouterr()
    assert told.out.split() == ["200", "GET", "/users/{user_id}", "1.5", "ms"]
    assert "sign-up refused" in told.err
