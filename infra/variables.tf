variable "region" {
  description = "AWS region of all resources."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region code, such as us-east-1."
  }
}

variable "deletion_protection" {
  description = "Protect the user pool, the tables and a non-empty bucket against deletion. Set it to `false` only to destroy the stage. See docs/deployment.md#destroy."
  type        = bool
  default     = true
}

variable "cors_allow_origins" {
  description = "Origins of web pages that may call the API and upload pictures and files, such as `https://app.example.com`. `[\"*\"]` allows all origins. By default, no origin is allowed."
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
  description = "URL of the page about problem types. Set it if the API has a custom domain. The default is `/problems` of the API."
  type        = string
  default     = null

  validation {
    condition     = var.problems_url == null || can(regex("^https://[^#]+$", var.problems_url))
    error_message = "problems_url must be an https URL without a fragment."
  }
}

variable "picture_bucket" {
  description = "Name of the S3 bucket for profile pictures and files of users, unique in all of AWS. If not set, pictures and files are not enabled."
  type        = string
  default     = null

  validation {
    condition     = var.picture_bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.picture_bucket))
    error_message = "picture_bucket must be 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at the start and at the end."
  }
}

variable "picture_uploads_per_day" {
  description = "Maximum number of picture uploads per user and day (UTC) that are processed. Further uploads are rejected with 429 until midnight."
  type        = number
  default     = 50

  validation {
    condition     = var.picture_uploads_per_day >= 1 && var.picture_uploads_per_day <= 10000 && floor(var.picture_uploads_per_day) == var.picture_uploads_per_day
    error_message = "picture_uploads_per_day must be a whole number from 1 to 10000."
  }
}

variable "files_per_user" {
  description = "Maximum number of files that a user may store."
  type        = number
  default     = 200

  validation {
    condition     = var.files_per_user >= 1 && var.files_per_user <= 1000 && floor(var.files_per_user) == var.files_per_user
    error_message = "files_per_user must be a whole number from 1 to 1000: an export of the user's data contains all of them."
  }
}

variable "file_bytes_per_user" {
  description = "Maximum size of all files of a user in bytes. The default is 1 GiB."
  type        = number
  default     = 1073741824

  validation {
    condition     = var.file_bytes_per_user >= 1048576 && var.file_bytes_per_user <= 1099511627776 && floor(var.file_bytes_per_user) == var.file_bytes_per_user
    error_message = "file_bytes_per_user must be a whole number from 1048576 (1 MiB) to 1099511627776 (1 TiB)."
  }
}

variable "file_uploads_per_day" {
  description = "Maximum number of files that a user may create per day (UTC). Further requests are rejected with 429 until midnight."
  type        = number
  default     = 200

  validation {
    condition     = var.file_uploads_per_day >= 1 && var.file_uploads_per_day <= 10000 && floor(var.file_uploads_per_day) == var.file_uploads_per_day
    error_message = "file_uploads_per_day must be a whole number from 1 to 10000."
  }
}

variable "file_types" {
  description = "Media types of files that users may upload."
  type        = list(string)
  default     = ["application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain", "text/csv", "application/dicom", "application/fhir+json"]

  validation {
    condition = length(var.file_types) > 0 && alltrue([
      for type in var.file_types : contains([
        "application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain", "text/csv", "application/dicom",
        "application/fhir+json",
      ], type)
    ])
    error_message = "file_types must be one or more of application/pdf, image/jpeg, image/png, image/webp, text/plain, text/csv, application/dicom and application/fhir+json."
  }
}

variable "malware_protection" {
  description = "Scan files for malware with GuardDuty, which charges for each scan. A file cannot be read before its scan finds no threat. See docs/deployment.md#malware-protection."
  type        = bool
  default     = false

  validation {
    condition     = !var.malware_protection || var.picture_bucket != null
    error_message = "malware_protection requires picture_bucket."
  }
}

variable "token_minutes" {
  description = "Lifetime of ID and access tokens in minutes. API Gateway cannot revoke a token, so use a short lifetime."
  type        = number
  default     = 15

  validation {
    condition     = var.token_minutes >= 5 && var.token_minutes <= 60
    error_message = "token_minutes must be a number of minutes from 5 to 60."
  }
}

variable "minimum_age" {
  description = "Minimum age in years to sign up. 0 disables the check."
  type        = number
  default     = 0

  validation {
    condition     = var.minimum_age >= 0 && var.minimum_age <= 130 && floor(var.minimum_age) == var.minimum_age
    error_message = "minimum_age must be a whole number of years from 0 to 130."
  }
}

variable "refresh_token_days" {
  description = "Lifetime of refresh tokens in days. After it, the user must enter the password again."
  type        = number
  default     = 7

  validation {
    condition     = var.refresh_token_days >= 1 && var.refresh_token_days <= 30
    error_message = "refresh_token_days must be a number of days from 1 to 30."
  }
}

variable "email_sender" {
  description = "Verified SES identity (`identity_arn`, `from`) that sends the codes. If not set, Cognito sends them: at most 50 emails per day."
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
    error_message = "email_sender.from must be an email address, such as HealthTech <no-reply@example.com>."
  }
}

variable "log_retention_days" {
  description = "Retention of all logs in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a retention period of CloudWatch Logs. These are 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_level" {
  description = "Minimum level of log lines of the functions. Metrics are written at every level."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "botocore_tuning" {
  description = "Remove per-call work of botocore from DynamoDB calls. Disable it if a new version of botocore is not compatible. Requests then take longer: docs/performance.md lists the savings."
  type        = bool
  default     = true
}

variable "throttling" {
  description = "Maximum requests per second (`rate`) and `burst` for each method of a route, for all callers together. The account limit applies to all methods together."
  type = object({
    rate  = number
    burst = number
  })
  default = { rate = 500, burst = 1000 }

  validation {
    condition     = var.throttling.rate >= 1 && var.throttling.rate <= 10000 && var.throttling.burst >= 1 && var.throttling.burst <= 5000
    error_message = "throttling.rate must be from 1 to 10000 requests per second and throttling.burst from 1 to 5000, the default account limits."
  }
}

variable "unconfirmed_account_hours" {
  description = "Hours after which reconciliation deletes an unconfirmed account. A confirmation code is valid for 24 hours."
  type        = number
  default     = 24

  validation {
    condition     = var.unconfirmed_account_hours >= 24 && var.unconfirmed_account_hours <= 8760 && floor(var.unconfirmed_account_hours) == var.unconfirmed_account_hours
    error_message = "unconfirmed_account_hours must be a whole number of hours from 24 to 8760."
  }
}

variable "deletion_grace_days" {
  description = "Days between the request of a user to delete the account and the erasure. Until then, the user can cancel. 0 erases the account immediately."
  type        = number
  default     = 0

  validation {
    condition     = var.deletion_grace_days >= 0 && var.deletion_grace_days <= 28 && floor(var.deletion_grace_days) == var.deletion_grace_days
    error_message = "deletion_grace_days must be a whole number of days from 0 to 28."
  }
}

variable "orphan_grace_hours" {
  description = "Hours between the reconciliation that finds a profile without a user and its erasure. A profile has no user after the user has deleted the account with Cognito. See docs/operations.md#profiles-without-a-user."
  type        = number
  default     = 72

  validation {
    condition     = var.orphan_grace_hours >= 24 && var.orphan_grace_hours <= 720 && floor(var.orphan_grace_hours) == var.orphan_grace_hours
    error_message = "orphan_grace_hours must be a whole number of hours from 24 to 720."
  }
}

variable "reconcile_lookups_per_second" {
  description = "Maximum `AdminGetUser` calls per second of reconciliation. The default quota of an account is 120; sign-ins use the rest."
  type        = number
  default     = 50

  validation {
    condition     = var.reconcile_lookups_per_second >= 1 && var.reconcile_lookups_per_second <= 1000
    error_message = "reconcile_lookups_per_second must be from 1 to 1000 calls per second."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency of functions, by their names in app.py. The other functions share the remaining concurrency of the account. If the account cannot reserve all of it, `make deploy` reserves none and prints a warning. See docs/deployment.md#concurrency."
  type        = map(number)
  default     = { api_handler = 200, check_file = 20, check_picture = 20 }

  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : contains(["api_handler", "check_file", "check_picture", "pre_sign_up", "post_confirmation", "post_authentication", "reconcile", "erase_user"], name)])
    error_message = "reserved_concurrency must have function names as keys: api_handler, check_file, check_picture, pre_sign_up, post_confirmation, post_authentication, reconcile or erase_user."
  }

  validation {
    condition     = alltrue([for runs in values(var.reserved_concurrency) : runs >= 1 && floor(runs) == runs])
    error_message = "reserved_concurrency must have whole numbers of at least 1 as values. A function with 0 cannot run."
  }
}

variable "api_security_policy" {
  description = "Security policy of API Gateway for the default URL of the API: the accepted TLS versions and ciphers. The default accepts TLS 1.2 and 1.3 with forward secrecy."
  type        = string
  default     = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"

  validation {
    condition     = can(regex("^SecurityPolicy_TLS13_1_[23]_", var.api_security_policy))
    error_message = "api_security_policy must be a policy of TLS 1.2 or newer, such as SecurityPolicy_TLS13_1_3_2025_09."
  }
}

variable "alarm_actions" {
  description = "ARNs that alarms notify, such as an SNS topic. Without ARNs, alarms are only visible in CloudWatch."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:[a-z-]+:", arn))])
    error_message = "alarm_actions must be ARNs."
  }
}

variable "tags" {
  description = "Tags of all resources, in addition to `application` and `stage`."
  type        = map(string)
  default     = {}
}
