"""The web console of `make run`: a server for the page in local/console_ui, and the operations behind it.

The server listens on 127.0.0.1 only. It calls the API and the embedded AWS itself, so a page needs no access to them.
"""
