"""Example values that several operations use."""

from typing import Final

EXAMPLE_SUB: Final = "2df44964-086b-4a40-b7fa-35ec5a31c03d"
EXAMPLE_UPLOAD_ID: Final = "0b8de2a6-4d5e-4c0f-9a53-5e3f6f1d7c21"
EXAMPLE_PROFILE: Final = {
    "id": EXAMPLE_SUB,
    "email": "john@example.com",
    "email_verified": True,
    "phone_number": "+8801712345678",
    "phone_number_verified": False,
    "name": "John A. Doe",
    "dob": "1990-05-14",
    "gender": "Male",
    "blood_group": "A+",
    "picture": None,
    "created_at": "2026-11-22T22:28:22.607Z",
    "updated_at": "2026-11-22T22:28:23.018Z",
    "version": 2,
}
