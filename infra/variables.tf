variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region's code, such as us-east-1."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the user pool, the table and a bucket with pictures in it. Lift it only to take a stage down."
  type        = bool
  default     = true
}

variable "cors_allow_origins" {
  description = "Origins whose pages may call the API and upload pictures, such as https://app.example.com. None by default; [\"*\"] is any."
  type        = list(string)
  default     = []

  validation {
    condition = contains(var.cors_allow_origins, "*") ? length(var.cors_allow_origins) == 1 : alltrue([
      for origin in var.cors_allow_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))
    ])
    error_message = "cors_allow_origins must be origins (scheme, host and port, without a path), or [\"*\"] alone."
  }
}

variable "problems_url" {
  description = "The page that problem types point to, where the API has a domain of its own. By default the API's own /problems."
  type        = string
  default     = null

  validation {
    condition     = var.problems_url == null || can(regex("^https://[^#]+$", var.problems_url))
    error_message = "problems_url must be an https URL without a fragment."
  }
}

variable "picture_bucket" {
  description = "Name of the bucket for profile pictures, unique in all of AWS. Without it there are no pictures."
  type        = string
  default     = null

  validation {
    condition     = var.picture_bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.picture_bucket))
    error_message = "picture_bucket must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "picture_uploads_per_day" {
  description = "Uploads of one user that are processed on one day (UTC). More are refused with 429 until midnight."
  type        = number
  default     = 50

  validation {
    condition     = var.picture_uploads_per_day >= 1 && var.picture_uploads_per_day <= 10000 && floor(var.picture_uploads_per_day) == var.picture_uploads_per_day
    error_message = "picture_uploads_per_day must be a whole number from 1 to 10000."
  }
}

variable "token_minutes" {
  description = "How long ID and access tokens are good. API Gateway can't revoke one, so keep it short."
  type        = number
  default     = 15

  validation {
    condition     = var.token_minutes >= 5 && var.token_minutes <= 60
    error_message = "token_minutes must be from 5 to 60."
  }
}

variable "minimum_age" {
  description = "Years a person must have lived to sign up. 0 is no minimum."
  type        = number
  default     = 0

  validation {
    condition     = var.minimum_age >= 0 && var.minimum_age <= 130 && floor(var.minimum_age) == var.minimum_age
    error_message = "minimum_age must be a whole number of years from 0 to 130."
  }
}

variable "refresh_token_days" {
  description = "How many days a person stays signed in without entering the password again."
  type        = number
  default     = 7

  validation {
    condition     = var.refresh_token_days >= 1 && var.refresh_token_days <= 30
    error_message = "refresh_token_days must be from 1 to 30."
  }
}

variable "email_sender" {
  description = "Verified SES identity that sends the codes. Without one Cognito sends them itself: at most 50 mails a day."
  type = object({
    identity_arn = string
    from         = string
  })
  default = null

  validation {
    condition     = var.email_sender == null || can(regex("^arn:[a-z-]+:ses:[a-z0-9-]+:[0-9]{12}:identity/.+$", var.email_sender.identity_arn))
    error_message = "email_sender.identity_arn must be the ARN of an SES identity."
  }

  validation {
    condition     = var.email_sender == null || can(regex("@", var.email_sender.from))
    error_message = "email_sender.from must be an address, such as HealthTech <no-reply@example.com>."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of CloudWatch's: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_level" {
  description = "What the functions log: DEBUG, INFO, WARNING or ERROR. Metrics are log lines, too, and always there."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "botocore_tuning" {
  description = "Whether the functions leave out what botocore repeats for each call of DynamoDB. false costs about a fifth of a warm request, and is for the case that a new botocore does not bear it."
  type        = bool
  default     = true
}

variable "throttling" {
  description = "Requests per second that each method of a route takes, from all callers together, and the burst above that. The account's own limit covers all methods."
  type = object({
    rate  = number
    burst = number
  })
  default = { rate = 500, burst = 1000 }

  validation {
    condition     = var.throttling.rate >= 1 && var.throttling.rate <= 10000 && var.throttling.burst >= 1 && var.throttling.burst <= 5000
    error_message = "throttling.rate must be from 1 to 10000 and throttling.burst from 1 to 5000, the account's own limits."
  }
}

variable "unconfirmed_account_hours" {
  description = "Hours after which reconciliation deletes an account that nobody has confirmed. A sign-up's code is valid for 24."
  type        = number
  default     = 24

  validation {
    condition     = var.unconfirmed_account_hours >= 24 && var.unconfirmed_account_hours <= 8760 && floor(var.unconfirmed_account_hours) == var.unconfirmed_account_hours
    error_message = "unconfirmed_account_hours must be a whole number from 24 to 8760."
  }
}

variable "reconcile_lookups_per_second" {
  description = "AdminGetUser calls per second that reconciliation makes at most. Cognito allows all of an account 120 by default; sign-ins need the rest."
  type        = number
  default     = 50

  validation {
    condition     = var.reconcile_lookups_per_second >= 1 && var.reconcile_lookups_per_second <= 1000
    error_message = "reconcile_lookups_per_second must be from 1 to 1000."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent runs of a function at most, by its name in app.py. The others keep the rest of the account's. All of it is applied where the account has room for it, and none where it has not: `make deploy` says so."
  type        = map(number)
  default     = { api_handler = 200, check_picture = 20 }

  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : contains(["api_handler", "check_picture", "pre_sign_up", "post_confirmation", "post_authentication", "reconcile"], name)])
    error_message = "reserved_concurrency must name functions: api_handler, check_picture, pre_sign_up, post_confirmation, post_authentication or reconcile."
  }

  validation {
    condition     = alltrue([for runs in values(var.reserved_concurrency) : runs >= 1 && floor(runs) == runs])
    error_message = "reserved_concurrency must be whole numbers of at least 1: a function with 0 never runs."
  }
}

variable "api_security_policy" {
  description = "API Gateway's security policy for the API's own address: which TLS versions and ciphers it accepts. The default accepts TLS 1.2 and 1.3 with forward secrecy."
  type        = string
  default     = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"

  validation {
    condition     = can(regex("^SecurityPolicy_TLS13_1_[23]_", var.api_security_policy))
    error_message = "api_security_policy must be a policy of TLS 1.2 or newer, such as SecurityPolicy_TLS13_1_3_2025_09."
  }
}

variable "alarm_actions" {
  description = "ARNs that alarms go to, such as an SNS topic's. Without any, alarms are only shown in CloudWatch."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:[a-z-]+:", arn))])
    error_message = "alarm_actions must be ARNs."
  }
}

variable "tags" {
  description = "Tags of everything, beside `application` and `stage`."
  type        = map(string)
  default     = {}
}
