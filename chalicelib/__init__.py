"""The application behind app.py, in packages by domain. docs/architecture.md has the import rules."""
