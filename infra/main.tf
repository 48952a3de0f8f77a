# Each stage is a Terraform workspace with its own state. The workspace of the stage prod is `default`.
#
#   cognito.tf    user pool, app client and triggers
#   table.tf      DynamoDB tables of profiles and of records
#   pictures.tf   S3 bucket of pictures and files (optional)
#   files.tf      permissions, events and malware scans of files (optional)
#   key.tf        KMS key for tables, bucket and logs
#   functions.tf  IAM role and log group of each Lambda function
#   api.tf        log group of the API
#   alarms.tf     CloudWatch alarms
#   outputs.tf    settings for Chalice, front ends and operators

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# The deployed functions. Triggers are attached only to existing functions.
data "aws_lambda_functions" "deployed" {}

# The existing user pool, if any. Attached triggers remain attached.
data "aws_cognito_user_pools" "existing" {
  name = local.prefix
}

data "aws_cognito_user_pool" "existing" {
  for_each = toset(data.aws_cognito_user_pools.existing.ids)

  user_pool_id = each.value
}

locals {
  app    = "healthtech" # as in .chalice/config.json
  stage  = terraform.workspace == "default" ? "prod" : terraform.workspace
  prefix = "${local.app}-${local.stage}"

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  function_arn = "arn:${local.partition}:lambda:${var.region}:${local.account}:function" # without the name

  # The function names of Chalice: the prefix for the API, and the prefix plus the handler name for the others.
  functions = merge(
    {
      api_handler         = local.prefix
      pre_sign_up         = "${local.prefix}-pre_sign_up"
      post_confirmation   = "${local.prefix}-post_confirmation"
      post_authentication = "${local.prefix}-post_authentication"
      reconcile           = "${local.prefix}-reconcile"
      erase_user          = "${local.prefix}-erase_user"
    },
    {
      for name, function in {
        check_file    = "${local.prefix}-check_file"
        check_picture = "${local.prefix}-check_picture"
      } : name => function if local.pictures_enabled
    },
  )
}
