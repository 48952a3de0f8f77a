"""Building blocks without AWS and without HTTP."""
