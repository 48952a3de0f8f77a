"""The events and the stored item of the measurements: one user's requests and triggers."""

import json
from typing import Any, Final

SUB: Final = "2df44964-086b-4a40-b7fa-35ec5a31c03d"
POOL_ID: Final = "us-east-1_Benchmark"
CLIENT_ID: Final = "benchmark"

_UPDATE_BODY: Final = {"name": "John A. Doe", "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}
_PROFILE: Final = {
    **_UPDATE_BODY,
    "email": "john@example.com",
    "phone_number": "+8801712345678",
    "created_at": "2026-11-22T22:28:22.607Z",
    "updated_at": "2026-11-22T22:28:23.018Z",
}
ITEM: Final = {
    "user_id": {"S": SUB},
    **{name: {"S": value} for name, value in _PROFILE.items()},
    "email_verified": {"BOOL": True},
    "phone_number_verified": {"BOOL": False},
    "version": {"N": "2"},
}
_CLAIMS: Final = {
    "sub": SUB,
    "aud": CLIENT_ID,
    "token_use": "id",
    "iss": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}",
    "cognito:username": SUB,
    "exp": "Wed Nov 25 10:15:00 UTC 2026",
    "iat": "Wed Nov 25 10:00:00 UTC 2026",
    "auth_time": "1795601700",
    "email": "john@example.com",
    "email_verified": "true",
    "name": "John A. Doe",
}
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate, br",
    "Authorization": "Bearer " + "x" * 1200,
    "Host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
    "Origin": "https://app.example.com",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "X-Amzn-Trace-Id": "Root=1-6741f6e1-0123456789abcdef01234567",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


def _api_gateway_event(method: str, body: Any = None) -> dict[str, Any]:
    """Return the event of a REST API.

    https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
    """
    headers = {**_HEADERS, "Content-Type": "application/json"} if body else _HEADERS
    return {
        "resource": "/users/{user_id}",
        "path": f"/users/{SUB}",
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"user_id": SUB},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abcdef1234",
            "authorizer": {"claims": _CLAIMS},
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": _HEADERS["User-Agent"]},
            "path": f"/prod/users/{SUB}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTime": "25/Nov/2026:10:05:00 +0000",
            "requestTimeEpoch": 1795601100000,
            "resourceId": "abc123",
            "resourcePath": "/users/{user_id}",
            "stage": "prod",
        },
        "body": json.dumps(body) if body else None,
        "isBase64Encoded": False,
    }


_ATTRIBUTES: Final = {
    "sub": SUB,
    "email": "john@example.com",
    "email_verified": "true",
    "phone_number": "+8801712345678",
    "phone_number_verified": "false",
    "name": "John A. Doe",
    "custom:dob": "1990-05-14",
    "custom:gender": "Male",
    "custom:blood_group": "A+",
}


def _trigger_event(source: str) -> dict[str, Any]:
    """Return the event of a Cognito trigger."""
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": POOL_ID,
        "userName": SUB,
        "callerContext": {"awsSdkVersion": "aws-sdk-js-3", "clientId": CLIENT_ID},
        "request": {"userAttributes": _ATTRIBUTES},
        "response": {},
    }


# Operation -> its event, and the fields that the body of the response must contain. Triggers return their event: None.
EVENTS: Final = {
    "get": (_api_gateway_event("GET"), _UPDATE_BODY),
    "put": (_api_gateway_event("PUT", _UPDATE_BODY), _UPDATE_BODY),
    "pre_sign_up": (_trigger_event("PreSignUp_SignUp"), None),
    "post_confirmation": (_trigger_event("PostConfirmation_ConfirmSignUp"), None),
    "post_authentication": (_trigger_event("PostAuthentication_Authentication"), None),
}
