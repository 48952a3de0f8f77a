"""The scheduled comparison of the user pool and the table."""
