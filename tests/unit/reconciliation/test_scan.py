"""The progress of a scan, which is stored as its checkpoint."""

from chalicelib.reconciliation.user_scan import UserProgress


def test_unknown_field_of_a_checkpoint_is_ignored() -> None:
    """A checkpoint of another release can have a field that this one does not know."""
    assert UserProgress.model_validate_json('{"users": 3, "unknown": 1}') == UserProgress(users=3)
