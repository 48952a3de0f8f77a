"""The pydantic models of the Powertools and FastAPI baselines."""

from datetime import date, datetime
from enum import Enum

from pydantic import BaseModel, Field


class Gender(str, Enum):
    MALE = "Male"
    FEMALE = "Female"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class Edit(BaseModel):
    name: str = Field(min_length=1, max_length=256)
    dob: date
    gender: Gender
    blood_group: str = Field(pattern=r"^(A|B|AB|O)[+-]$")


class Profile(Edit):
    user_id: str
    email: str
    email_verified: bool
    phone_number: str
    phone_number_verified: bool
    created_at: datetime
    updated_at: datetime
    version: int
