"""Programs and extensions of commands for the people who work on this project. Nothing of it is deployed."""
