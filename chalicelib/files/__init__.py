"""Files of a user, such as laboratory reports."""
