locals {
  # Maximum lengths in characters. The PreSignUp trigger validates the values.
  custom_attributes = { dob = 10, gender = 16, blood_group = 16 }

  standard_attributes = ["email", "name", "phone_number"]

  trigger_functions = {
    for name in ["pre_sign_up", "post_confirmation", "post_authentication"] : name => local.functions[name]
  }
  deployed_triggers = {
    for name, function in local.trigger_functions : name => function
    if contains(data.aws_lambda_functions.deployed.function_names, function)
  }
  # Without these, a plan made while a function is missing would detach its trigger, and sign-ups would not be validated.
  attached_triggers = {
    for name, function in local.trigger_functions : name => function
    if anytrue([
      for pool in data.aws_cognito_user_pool.existing :
      contains([for config in pool.lambda_config : config[name]], "${local.function_arn}:${function}")
    ])
  }
  triggers = merge(local.attached_triggers, local.deployed_triggers)
}

resource "aws_cognito_user_pool" "users" {
  name                     = local.prefix
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  mfa_configuration        = "OPTIONAL"
  user_pool_tier           = "LITE" # only passwords, codes and triggers are used

  username_configuration {
    case_sensitive = false # cannot be changed later
  }

  software_token_mfa_configuration {
    enabled = true
  }

  admin_create_user_config {
    # Users can sign themselves up, but only when all triggers are attached: they validate and store the attributes.
    allow_admin_create_user_only = length(local.triggers) < length(local.trigger_functions)
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = true
    temporary_password_validity_days = 7
  }

  dynamic "email_configuration" {
    for_each = var.email_sender[*]
    content {
      email_sending_account = "DEVELOPER"
      source_arn            = email_configuration.value.identity_arn
      from_email_address    = email_configuration.value.from
    }
  }

  dynamic "lambda_config" {
    for_each = length(local.triggers) > 0 ? [local.triggers] : []
    content {
      pre_sign_up         = try("${local.function_arn}:${lambda_config.value.pre_sign_up}", null)
      post_confirmation   = try("${local.function_arn}:${lambda_config.value.post_confirmation}", null)
      post_authentication = try("${local.function_arn}:${lambda_config.value.post_authentication}", null)
    }
  }

  lifecycle {
    # custom_attributes.py adds them. A change of the schema would replace the user pool.
    ignore_changes = [schema]

    precondition {
      condition     = can(regex("^[a-z][a-z0-9]{1,11}$", local.stage)) && local.stage != "local"
      error_message = "The stage name must be 2 to 12 lower-case letters and digits, start with a letter, and not be local."
    }
  }
}

# Custom attributes can be added to a user pool, but not removed or changed. `gender` must be added after the user pool is
# created: at creation, the name means the standard attribute. https://github.com/aws/aws-cdk/issues/31593
resource "terraform_data" "custom_attributes" {
  triggers_replace = [aws_cognito_user_pool.users.id, local.custom_attributes]

  provisioner "local-exec" {
    command     = "${fileexists("${path.module}/../.venv/bin/python") ? "../.venv/bin/python" : "python3"} custom_attributes.py"
    working_dir = path.module

    environment = {
      USER_POOL_ID      = aws_cognito_user_pool.users.id
      REGION            = var.region
      CUSTOM_ATTRIBUTES = jsonencode(local.custom_attributes)
    }
  }
}

resource "aws_cognito_user_pool_client" "web" {
  name                          = "web"
  user_pool_id                  = aws_cognito_user_pool.users.id
  generate_secret               = false # a browser or a mobile app cannot protect a secret
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  id_token_validity      = var.token_minutes
  access_token_validity  = var.token_minutes
  refresh_token_validity = var.refresh_token_days

  token_validity_units {
    id_token      = "minutes"
    access_token  = "minutes"
    refresh_token = "days"
  }

  # Readable attributes are included in ID tokens, so health data must not be readable. A sign-up must be able to write
  # all attributes.
  read_attributes  = concat(local.standard_attributes, ["email_verified", "phone_number_verified"])
  write_attributes = concat(local.standard_attributes, [for name in keys(local.custom_attributes) : "custom:${name}"])

  depends_on = [terraform_data.custom_attributes]
}

resource "aws_lambda_permission" "cognito" {
  for_each = local.deployed_triggers

  statement_id  = "cognito"
  action        = "lambda:InvokeFunction"
  function_name = each.value
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = aws_cognito_user_pool.users.arn
}
