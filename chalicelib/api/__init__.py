"""HTTP: parsing, responses, errors, CORS and the authorizer. The only package that knows Chalice's requests."""
