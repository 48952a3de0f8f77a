"""Development commands and patches of Chalice's command. Nothing here is deployed."""
