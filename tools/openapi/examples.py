"""Example values that several operations use."""

from typing import Any, Final

EXAMPLE_SUB: Final = "2df44964-086b-4a40-b7fa-35ec5a31c03d"
EXAMPLE_UPLOAD_ID: Final = "0b8de2a6-4d5e-4c0f-9a53-5e3f6f1d7c21"
EXAMPLE_FILE_ID: Final = "019ab5ac-7d4d-7c1e-9f0b-3a5d2e8c4b61"
EXAMPLE_BUCKET_URL: Final = "https://healthtech-profile-pics.s3.us-east-1.amazonaws.com/"
EXAMPLE_PROFILE: Final[dict[str, Any]] = {
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
EXAMPLE_CREATE_FILE: Final = {
    "name": "blood-test-2026-11.pdf",
    "content_type": "application/pdf",
    "size": 182_044,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "category": "lab-report",
}
EXAMPLE_FILE: Final = {
    "id": EXAMPLE_FILE_ID,
    **EXAMPLE_CREATE_FILE,
    "status": "available",
    "rejection": None,
    "created_at": "2026-11-24T21:58:03.213Z",
    "updated_at": "2026-11-24T21:58:07.840Z",
    "version": 3,
}
EXAMPLE_FILE_CONTENT: Final = {
    "url": f"{EXAMPLE_BUCKET_URL}files/{EXAMPLE_SUB}/{EXAMPLE_FILE_ID}?X-Amz-Expires=300",
    "expires_at": "2026-11-24T22:10:00.000Z",
}
EXAMPLE_DELETION: Final = {
    "status": "scheduled",
    "requested_at": "2026-11-24T22:06:00.123Z",
    "erase_after": "2026-12-08T22:06:00.123Z",
    "deletes": ["account", "profile", "picture", "files"],
    "keeps": [
        {
            "what": "backups",
            "without": None,
            "until": "2027-01-12",
            "reason": "Backups expire. An erased profile is not restored from them.",
        },
        {
            "what": "record of the deletion",
            "without": "name, contact and health data",
            "until": "2028-01-12",
            "reason": "It prevents the profile from being created again, and proves the deletion.",
        },
    ],
}
EXAMPLE_EXPORT: Final = {
    "format": "healthtech-export/1",
    "exported_at": "2026-11-24T22:05:00.000Z",
    "id": EXAMPLE_SUB,
    "account": {
        "username": EXAMPLE_SUB,
        "status": "CONFIRMED",
        "created_at": "2026-11-22T22:28:20.000Z",
        "attributes": {"sub": EXAMPLE_SUB, "email": "john@example.com", "email_verified": "true"},
        "mfa": ["SOFTWARE_TOKEN_MFA"],
    },
    "profile": EXAMPLE_PROFILE,
    "picture": None,
    "files": [{**EXAMPLE_FILE, **EXAMPLE_FILE_CONTENT}],
    "omitted_rejected_files": 0,
    "deletion": None,
    "processing": {
        "purposes": ["Sign-up and authentication", "The user profile and the files of this service"],
        "recipients": ["Amazon Web Services, as processor"],
        "retention": [{"what": "backups", "period": "35 days"}],
    },
}
