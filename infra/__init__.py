"""The Terraform module, and beside it `deploy`, the road from a checkout to a running stage."""
