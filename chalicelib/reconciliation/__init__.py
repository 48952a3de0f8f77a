"""The scheduled comparison of the user pool, the profiles and the files."""
