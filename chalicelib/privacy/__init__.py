"""Deletion of an account, erasure of its data, and export."""
