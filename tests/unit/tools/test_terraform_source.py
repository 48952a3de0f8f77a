"""Variables and the settings of functions are read from Terraform files."""

import pytest

from tools.terraform_source import Validation, read_function_variables, read_variables

VARIABLES = """\
# Comment.
variable "region" {
  description = "Region, such as \\"us-east-1\\" {here}."
  type        = string
  default     = null
}

variable "limits" {
  type = object({
    rate  = number
    burst = number
  })
  # Comment.
  default = {
    rate = 5

    burst = 10
  }
  description = "Limits."

  validation {
    condition = alltrue([
      for limit in values(var.limits) : limit == 5
    ])
    error_message = "limits must be 5."
  }

  validation {
    condition     = true
    error_message = "limits is always valid."
  }
}

locals {
  region = "not a variable"
}
"""
OUTPUTS = """\
output "region" {
  value = { environment_variables = { NOT_A_SETTING = 1 } }
}

# Comment.
output "chalice_stage" {
  description = "Configuration."
  value = {
    environment_variables = merge(
      {
        TABLE = aws_dynamodb_table.profiles.name
      },
      var.tuning ? {} : { TUNING = "off" },
    )
    lambda_functions = {
      for name, function in local.functions : name => merge(
        { iam_role_arn = aws_iam_role.function[name].arn },
        name == "api" ? {
          environment_variables = merge(
            {
              ORIGINS = join(",", var.origins)
            },
            local.enabled ? {
              UPLOADS_PER_DAY = 1
            } : {},
            { MODE = var.mode == "A" ? "B" : "C" },
          )
        } : {},
        name == "job" ? {
          environment_variables = { ORIGINS = "" }
        } : {},
      )
    }
  }
}
"""


def test_variables_are_read_in_their_order() -> None:
    assert [variable.name for variable in read_variables(VARIABLES)] == ["region", "limits"]


def test_escaped_quotes_in_a_description_are_decoded() -> None:
    assert read_variables(VARIABLES)[0].description == 'Region, such as "us-east-1" {here}.'


def test_type_and_default_are_read_as_one_line() -> None:
    _, limits = read_variables(VARIABLES)
    assert limits.type == "object({ rate = number burst = number })"
    assert limits.default == "{ rate = 5 burst = 10 }"


def test_all_validations_of_a_variable_are_read() -> None:
    region, limits = read_variables(VARIABLES)
    assert region.validations == []
    assert limits.validations == [
        Validation("alltrue([\n  for limit in values(var.limits) : limit == 5\n])", "limits must be 5."),
        Validation("true", "limits is always valid."),
    ]


def test_variable_without_a_description_is_an_error() -> None:
    with pytest.raises(KeyError, match="description"):
        read_variables('variable "region" {\n  type    = string\n  default = null\n}\n')


def test_variables_of_all_functions_are_read() -> None:
    assert read_function_variables(OUTPUTS).of_all == {"TABLE", "TUNING"}


def test_variables_of_single_functions_are_read() -> None:
    assert read_function_variables(OUTPUTS).by_function == {
        "api": {"ORIGINS", "UPLOADS_PER_DAY", "MODE"},
        "job": {"ORIGINS"},
    }
