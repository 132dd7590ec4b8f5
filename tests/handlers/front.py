"""What API Gateway does before a function: finds it by method and path, reads who signed in, hands it on.

A WSGI application, so that clients of HTTP can be pointed at functions in this process. A token is the claims
that it stands for, as JSON: signatures are Cognito's and API Gateway's matter, tried on a deployed stack.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.handlers.conftest import World
from tests.template import cloudformation

STAGE = "/v1"
_REASON = "Answered"


def token_of(claims: dict[str, str]) -> str:
    """The value of an Authorization header for these claims."""
    return "Bearer " + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()


def claims_for(group: str, tenant_id: str = "", username: str = "mina") -> dict[str, str]:
    """The claims of an ID token, as the authorizer hands them on."""
    return {
        "token_use": "id",
        "cognito:username": username,
        "cognito:groups": group,
        "custom:tenant_id": tenant_id,
    }


class FrontDoor:
    """All functions of a world behind one address."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: list[tuple[str, re.Pattern[str], str, str]] = []
        for function in cloudformation.functions():
            for method, path in cloudformation.routes(function):
                form = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
                self._routes.append((method, re.compile(form), path, function))
        # A literal part of a path goes before a parameter, as at API Gateway.
        self._routes.sort(key=lambda route: (route[2].count("{"), route[2]))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
        path = raw.partition("?")[0].removeprefix(STAGE)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self.answer(
            environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), _headers(environ), body
        )
        headers = [(name, str(value).encode().decode("latin-1")) for name, value in answer["headers"].items()]
        start_response(f"{answer['statusCode']} {_REASON}", headers)
        sent = answer["body"]
        return [base64.b64decode(sent) if answer["isBase64Encoded"] else sent.encode()]

    def answer(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> dict[str, Any]:
        """Invokes the function of a route, or refuses as API Gateway does for what is no route."""
        for known, form, resource, function in self._routes:
            if known == method and (found := form.fullmatch(path)):
                parameters = {name: unquote(value) for name, value in found.groupdict().items()}
                event = _event(method, resource, path, parameters, query, headers, body)
                answer: dict[str, Any] = self._world.call(function, event)
                return answer
        refused = json.dumps({"message": "Missing Authentication Token"})
        headers = {"Content-Type": "application/json"}
        return {"statusCode": 403, "headers": headers, "body": refused, "isBase64Encoded": False}


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    named = {key[5:]: value for key, value in environ.items() if key.startswith("HTTP_")}
    named |= {key: environ[key] for key in ("CONTENT_TYPE",) if environ.get(key)}
    return {name.replace("_", "-").title(): value for name, value in named.items()}


def _event(
    method: str,
    resource: str,
    path: str,
    parameters: dict[str, str],
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "requestId": "5bd1a3f2-9b0a-4a6b-8f5e-6f3f0c9f1c11",
        "path": STAGE + path,
        "identity": {"sourceIp": "198.51.100.7"},
    }
    token = headers.pop("Authorization", "")
    if token:
        claims = json.loads(base64.urlsafe_b64decode(token.removeprefix("Bearer ")))
        context["authorizer"] = {"claims": claims}
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)) or None,
        "pathParameters": parameters or None,
        "requestContext": context,
        "body": text or None,
        "isBase64Encoded": encoded,
    }
