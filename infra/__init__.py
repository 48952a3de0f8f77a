"""The Terraform module, and `infra.deploy`, the commands that deploy a stage with it."""
