"""In-memory fakes of the adapters, for unit tests of the services.

A fake derives from its adapter, so that mypy compares the signatures. Both pass the same suite of
tests/support/contracts.py. A fake does not reproduce AWS faults. Tests inject them with `fail_with`.
"""
