"""Pictures on `chalice local` and the embedded S3."""

from tests.support.picture_client import list_stored_kinds, set_picture, upload_file
from tests.support.picture_suite import PictureSuite
from tests.support.users import UserFactory, delete_stored_profile


class TestLocal(PictureSuite):
    """On `chalice local`."""


def test_set_picture_provisions_a_missing_profile(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    upload_id = upload_file(user)
    delete_stored_profile(user)
    response = set_picture(user, upload_id)
    assert (response.status, response.body["version"], response.body["name"]) == (200, 2, "Jane Roe")
    assert list_stored_kinds(user) == ["pictures"]
