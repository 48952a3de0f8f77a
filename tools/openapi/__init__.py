"""Generate openapi.json from the route table, the models and the error classes.

All summaries and descriptions are in this package. No docstring of the application is part of the document.
"""

from tools.openapi.document import OPENAPI_FILE, build_document, render

__all__ = ["OPENAPI_FILE", "build_document", "render"]
