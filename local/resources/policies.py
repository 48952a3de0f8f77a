"""IAM policy documents."""

import json
from typing import Any


def to_policy_document(statements: list[dict[str, Any]]) -> str:
    """Return the policy document with these statements as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
