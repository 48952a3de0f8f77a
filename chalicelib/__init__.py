"""The application behind app.py, in packages by domain. docs/architecture.md describes them and who imports whom."""
