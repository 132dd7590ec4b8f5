"""After a deployment to the local AWS: set what it accepts in a template but ignores, and the secrets.

Request models and validators, CORS and gateway responses, point-in-time recovery and TTL are read from the
deployed template, which stays the one place where they are written. On AWS only the secrets and the first
operator are left to do, by a person.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import uuid
from typing import Any

import yaml

from sandbox.stack import ROOT, STACK_NAME, Stack

# What the stand-ins accept. The names below the stack's parameter prefix are the same on AWS.
FAKE_CREDENTIALS = {
    "zarinpal/merchant_id": "00000000-0000-4000-8000-000000000001",
    "zarinpal/access_token": "sandbox-access-token",
    "zarinpal/terminal_id": "427000",
    "zibal/merchant": "zibal",
    "sep/terminal_id": "sandbox-terminal",
    "behpardakht/terminal_id": "1000",
    "behpardakht/username": "sandbox-user",
    "behpardakht/password": "sandbox-password",
    "kavenegar/api_key": "sandbox-api-key",
}
PARAMETERS_PREFIX = "/mohlat/local"
AGREEMENTS = (
    ROOT / "layers/core/mohlat/agreements",
    ROOT / "tests/agreements/python/mohlat_test_agreements",
)


def apply(stack: Stack) -> None:
    """Bring the deployed resources to what the template says. Harmless when repeated."""
    cloudformation = stack.client("cloudformation")
    template = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
    described = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in described.get("Parameters", [])}
    for logical_id, resource in template["Resources"].items():
        properties = _filled(resource.get("Properties", {}), parameters)
        match resource["Type"]:
            case "AWS::ApiGateway::RestApi":
                _complete_api(stack, str(stack.resource(logical_id)), properties["Body"])
            case "AWS::DynamoDB::Table":
                _complete_table(stack, str(stack.resource(logical_id)), properties)
    _put_credentials(stack)
    _verify_senders(stack)
    if pool := stack.outputs().get("UserPoolId"):
        for group in ("operator", "partner"):
            _create_member(stack, pool, group)


def _filled(value: Any, parameters: dict[str, str]) -> Any:
    """A part of the template with its parameters put in; of an Fn::If the branch that holds something."""
    if isinstance(value, list):
        return [_filled(part, parameters) for part in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::Sub": str(text)}:
            for name, given in parameters.items():
                text = text.replace(f"${{{name}}}", given)
            return text
        case {"Ref": str(name)} if name in parameters:
            return parameters[name]
        case {"Fn::If": [_, {"Ref": "AWS::NoValue"}, other]} | {"Fn::If": [_, other, _]}:
            return _filled(other, parameters)
    return {name: _filled(part, parameters) for name, part in value.items()}


def _verify_senders(stack: Stack) -> None:
    """The addresses that the products write from; on AWS each vendor verifies its own domain."""
    ses = stack.client("ses")
    for folder in AGREEMENTS:
        for file in folder.glob("*.yaml"):
            address = yaml.safe_load(file.read_text(encoding="utf-8"))["sender"]["address"]
            ses.verify_email_identity(EmailAddress=address)
            ses.verify_domain_identity(Domain=address.partition("@")[2])


def _complete_api(stack: Stack, api: str, body: dict[str, Any]) -> None:
    gateway = stack.client("apigateway")
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api)
    resources = {resource["path"]: resource["id"] for page in pages for resource in page["items"]}
    definitions = body.get("definitions") or body.get("components", {}).get("schemas", {})
    validators: dict[str, str] = {}
    models: set[str] = set()
    for path, methods in body["paths"].items():
        if path not in resources:
            continue  # its condition does not hold
        for method, operation in methods.items():
            place = {"restApiId": api, "resourceId": resources[path], "httpMethod": method.upper()}
            if method == "options":
                _answer_preflight(gateway, place, operation["x-amazon-apigateway-integration"])
                continue
            wanted = operation.get("x-amazon-apigateway-request-validator")
            if wanted is None:
                continue
            if wanted not in validators:
                rules = body["x-amazon-apigateway-request-validators"][wanted]
                validators[wanted] = gateway.create_request_validator(restApiId=api, name=wanted, **rules)[
                    "id"
                ]
            model = _body_model(operation)
            if model is not None and model not in models:
                models.add(model)
                schema = json.dumps(_resolved(definitions[model], definitions))
                with contextlib.suppress(gateway.exceptions.ConflictException):
                    gateway.create_model(
                        restApiId=api, name=model, contentType="application/json", schema=schema
                    )
            _validate(gateway, place, operation, validators[wanted], model)
    for kind, response in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        given = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        headers = {
            name: value
            for name, value in response.get("responseParameters", {}).items()
            if isinstance(value, str)
        }
        gateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseParameters=headers,
            responseTemplates=response.get("responseTemplates", {}),
            **given,
        )
    # Gateway responses are the deployment's: what was put takes effect with the next one.
    gateway.create_deployment(restApiId=api, stageName="v1")


def _answer_preflight(gateway: Any, place: dict[str, str], integration: dict[str, Any]) -> None:
    headers = integration["responses"]["default"]["responseParameters"]
    gateway.put_integration(**place, type="MOCK", requestTemplates=integration["requestTemplates"])
    gateway.put_method_response(**place, statusCode="200", responseParameters=dict.fromkeys(headers, True))
    gateway.put_integration_response(
        **place, statusCode="200", responseParameters=headers, responseTemplates={"application/json": "{}"}
    )


def _validate(
    gateway: Any, place: dict[str, str], operation: dict[str, Any], validator: str, model: str | None
) -> None:
    """Put the method again with its validator; this drops the integration, which follows."""
    method = gateway.get_method(**place)
    required = {
        f"method.request.{_SOURCES[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
        for parameter in operation.get("parameters", [])
        if parameter.get("in") in _SOURCES
    }
    kept = {name: method[name] for name in ("authorizerId", "authorizationScopes") if method.get(name)}
    gateway.put_method(
        **place,
        authorizationType=method.get("authorizationType", "NONE"),
        apiKeyRequired=method.get("apiKeyRequired", False),
        requestValidatorId=validator,
        requestModels={"application/json": model} if model else {},
        requestParameters=required,
        **kept,
    )
    integration = method["methodIntegration"]
    gateway.put_integration(
        **place, type=integration["type"], integrationHttpMethod="POST", uri=integration["uri"]
    )


_SOURCES = {"query": "querystring", "header": "header", "path": "path"}


def _body_model(operation: dict[str, Any]) -> str | None:
    """Name of the model that a request's body has to match: OpenAPI 2's way of writing it, or 3's."""
    bodies = [p["schema"] for p in operation.get("parameters", []) if p.get("in") == "body"]
    content = operation.get("requestBody", {}).get("content", {})
    bodies += [content["application/json"]["schema"]] if "application/json" in content else []
    return str(bodies[0]["$ref"]).rpartition("/")[2] if bodies else None


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with its references to other models replaced by those models."""
    if isinstance(schema, list):
        return [_resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    return {name: _resolved(part, definitions) for name, part in schema.items()}


def _complete_table(stack: Stack, table: str, properties: dict[str, Any]) -> None:
    dynamodb = stack.client("dynamodb")
    if "PointInTimeRecoverySpecification" in properties:
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    if (ttl := properties.get("TimeToLiveSpecification")) is not None:
        current = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if current["TimeToLiveStatus"] == "DISABLED":
            dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl["AttributeName"]},
            )


def _put_credentials(stack: Stack) -> None:
    ssm = stack.client("ssm")
    for name, value in FAKE_CREDENTIALS.items():
        ssm.put_parameter(
            Name=f"{PARAMETERS_PREFIX}/{name}", Value=value, Type="SecureString", Overwrite=True
        )


def _create_member(stack: Stack, pool: str, group: str) -> None:
    """A first operator or partner, whose password is in a file of that name in the stack's folder only."""
    cognito = stack.client("cognito-idp")
    note = stack.state / f"{group}.json"
    if note.exists():
        with contextlib.suppress(cognito.exceptions.UserNotFoundException):
            cognito.admin_get_user(UserPoolId=pool, Username=json.loads(note.read_text())["username"])
            return
    member = {
        "username": str(uuid.uuid4()),
        "email": f"{group}@mohlat.example",
        # One of each kind, whatever the pool's policy asks for.
        "password": f"{secrets.token_urlsafe(18)}aA1-",
    }
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=member["username"],
        UserAttributes=[
            {"Name": "email", "Value": member["email"]},
            {"Name": "email_verified", "Value": "true"},
        ],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=member["username"], Password=member["password"], Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=member["username"], GroupName=group)
    note.touch(mode=0o600)
    note.write_text(json.dumps(member, indent=2) + "\n")
