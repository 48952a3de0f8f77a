# The access log of the API, which Chalice creates: one line per request, without bodies.
locals {
  api_log_group = "/aws/apigateway/${local.prefix}"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = local.api_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
}
