"""Commands to deploy, destroy and restore a stage with Terraform and Chalice. No Lambda package contains them.

Commands

    __main__            `make deploy` and `make destroy`
    restore             `make restore`

Steps

    preflight           checks before anything is changed
    terraform           the `terraform` command, with one workspace per stage
    plan_safety         rejects plans that would delete data
    terraform_output    parses the JSON output of Terraform
    stage               the deployed resources of a stage, and `chalice deploy`
    chalice_config      the stages in .chalice/config.json and in .chalice/deployed/
    concurrency         reserved concurrency
    api_logs            the logs of API Gateway
    api_stage           throttling, logging and TLS of the API, for which Chalice has no setting
    removal             removes the functions and the API of a stage
    runtime             the Python runtime of the functions
    restore_profiles    copies items from a restored table
    restore_files       copies files from a restored table, and undeletes their content
    restore_pictures    undeletes pictures
    restore_objects     undeletes objects of the bucket
    locks               file locks between commands

Deployment package

    gateway_config      patches Chalice's Swagger document: gateway responses and unknown routes
    package             patches Chalice's packager
    pillow_layer        the Lambda layer with the image library
    precompile          compiles modules to bytecode
    archives            writes zip archives for Lambda
    wheels              installs packages by their hashes

    subprocesses        runs programs that must not be killed by the first Ctrl-C
    progress            prints the progress of a command, its warnings and its errors
"""
