# The stage is the workspace, so that no two stages can meet in one state; the default workspace is prod.
#
#   cognito.tf    the pool, its client, the triggers
#   table.tf      the profiles
#   pictures.tf   the optional bucket
#   key.tf        the key under which all of it is encrypted
#   functions.tf  a role and a log group for each Lambda function
#   alarms.tf     who is called when
#   outputs.tf    what Chalice, front ends and operators need to know

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# What `chalice deploy` has deployed so far: triggers are attached to functions that are there.
data "aws_lambda_functions" "deployed" {}

# The pool as it is now, if there is one: a trigger that is attached stays attached.
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

  # Chalice's names: the API's function has the stage's, each other one its own behind it.
  functions = merge(
    {
      api_handler         = local.prefix
      pre_sign_up         = "${local.prefix}-pre_sign_up"
      post_confirmation   = "${local.prefix}-post_confirmation"
      post_authentication = "${local.prefix}-post_authentication"
      reconcile           = "${local.prefix}-reconcile"
    },
    { for name in local.pictures : "check_picture" => "${local.prefix}-check_picture" },
  )
}
