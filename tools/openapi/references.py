"""References to components of the document."""

from pydantic import BaseModel


def ref(kind: str, name: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema_ref(model: type[BaseModel]) -> dict[str, str]:
    """Return a reference to the schema of a model."""
    return ref("schemas", model.__name__)
