"""`make deploy` and `make destroy`: Terraform, Chalice and the seam between them. No Lambda package carries this.

__main__   the two commands, step by step
checks     what has to be there before anything is touched
terraform  Terraform as a command: a workspace a stage
stage      what Terraform tells, handed to Chalice; what is deployed, found again
api        what Chalice has no setting for: gateway responses, access log, throttling
runtime    which Python Lambda runs, and when AWS may change it
locks      one deploy of a stage at a time
restore    `make restore`
package    the deployment package: compiled, and put in place when it is complete
layer      the Lambda layer with the image library
bytecode   compiles modules for a package
archives   writes zip archives that Lambda can read
wheels     installs packages for Lambda by their hashes
console    what it prints
"""
