"""Authentication of callers, and authorization."""
