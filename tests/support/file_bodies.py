"""Contents of files, and the bodies that announce them."""

import hashlib
from typing import Any, Final

TEXT: Final = b"Hemoglobin 14.2 g/dl\n"
PDF: Final = b"%PDF-1.7\n%%EOF\n"


def announce(content: bytes = TEXT, **overrides: Any) -> dict[str, Any]:
    """Return the body of a POST for this content."""
    return {
        "name": "blood-test.txt",
        "content_type": "text/plain",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "category": "lab-report",
        **overrides,
    }
