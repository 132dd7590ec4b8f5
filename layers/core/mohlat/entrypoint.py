"""What every function shares: logs, metrics, who is calling, and how errors leave.

A handler is a table of routes (`api`), a step of a state machine or a schedule (`task`), or the worker of a
batch (`batch`). Logs hold facts with keys, never payloads, tokens or anything about a person.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from mohlat.domain.errors import (
    MohlatError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    ServiceUnavailable,
    TooManyRequests,
    UnderMaintenance,
)
from mohlat.domain.people import Role
from mohlat.domain.tenant import Tenant
from mohlat.observation import about, count, logger, unexpected, write_metrics
from mohlat.presentation.fields import (
    LARGEST_BODY,
    BodyTooLarge,
    MalformedBody,
    UnsupportedMediaType,
    our_id,
    parse_json,
    read_object,
)
from mohlat.presentation.problems import MethodNotAllowed, language_of, problem, rate_limit

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]
# Who may ask for what is a tenant's.
MEMBERS = (Role.OWNER, Role.USER)

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}


_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 50


# --- requests and answers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `body` becomes JSON; text and bytes are sent as they are, as `content_type` says."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is signed in: our username, its tenant (none for operators), its roles."""

    username: str
    tenant_id: str
    roles: frozenset[Role]

    @property
    def is_operator(self) -> bool:
        """Whether it is one of the vendor's operators."""
        return Role.OPERATOR in self.roles

    @property
    def name(self) -> str:
        """As the journal names it."""
        return f"{'operator' if self.is_operator else 'user'}:{self.username}"


class Request:
    """An API call, read when asked for."""

    def __init__(self, event: Event, context: Any) -> None:
        self.event = event
        self.context = context
        self.method: str = event["httpMethod"]
        self.resource: str = event["resource"]
        self.largest_body = LARGEST_BODY
        self._context: Mapping[str, Any] = event.get("requestContext") or {}
        self._path: Mapping[str, str] = event.get("pathParameters") or {}
        self.query: Mapping[str, str] = event.get("queryStringParameters") or {}
        self._headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}

    @property
    def id(self) -> str:
        """The request's id, as API Gateway gave it out."""
        return str(self._context.get("requestId", ""))

    @property
    def source_ip(self) -> str:
        """Where the call came from, as API Gateway saw it."""
        return str((self._context.get("identity") or {}).get("sourceIp", ""))

    @property
    def address(self) -> str:
        """The path that was called, the stage included."""
        return str(self._context.get("path") or self.event.get("path", "")).rstrip("/")

    @property
    def language(self) -> str:
        """fa or en."""
        return language_of(self.header("Accept-Language"))

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty if it is not there."""
        return str(self._headers.get(name.lower()) or "")

    def path(self, name: str) -> str:
        """A part of the path. Raises NotFound."""
        value = self._path.get(name)
        if not value:
            raise NotFound
        return value

    @property
    def tenant_id(self) -> str:
        """The tenant in the path. Raises NotFound for what cannot be one's id."""
        return our_id(self.path("tenant_id"), "t")

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the authorizer read from the token; nothing on routes that need none."""
        return (self._context.get("authorizer") or {}).get("claims") or {}

    @cached_property
    def caller(self) -> Caller:
        """Who is signed in. Raises NotSignedIn, also for an access token, which proves no tenant."""
        claims = self.claims
        username = claims.get("cognito:username")
        if claims.get("token_use") != "id" or not username:
            raise NotSignedIn
        groups = str(claims.get("cognito:groups") or "").strip("[]").replace(",", " ").split()
        known = {role.value for role in Role}
        roles = frozenset(Role(group) for group in groups if group in known)
        return Caller(username, str(claims.get("custom:tenant_id") or ""), roles)

    @cached_property
    def raw_body(self) -> bytes:
        """The body. Raises BodyTooLarge, MalformedBody."""
        body = self.event.get("body") or ""
        # Base 64 takes four bytes for three.
        if len(body) > self.largest_body * (2 if self.event.get("isBase64Encoded") else 1):
            raise BodyTooLarge(max_bytes=self.largest_body)
        try:
            raw = (
                base64.b64decode(body, validate=True) if self.event.get("isBase64Encoded") else body.encode()
            )
        except (binascii.Error, ValueError):
            raise MalformedBody from None
        if len(raw) > self.largest_body:
            raise BodyTooLarge(max_bytes=self.largest_body)
        return raw

    def form(self) -> Mapping[str, str]:
        """The fields of a form that a browser posted; of several of one name the last.

        Raises UnsupportedMediaType, BodyTooLarge, MalformedBody.
        """
        if self.header("Content-Type").lower().partition(";")[0].strip() != _FORM:
            raise UnsupportedMediaType
        try:
            pairs = parse_qsl(self.raw_body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise MalformedBody from None
        return dict(pairs)

    def fields(self, **readers: Any) -> dict[str, Any]:
        """What `readers` make of the body's fields; nothing else may be in it.

        Raises UnsupportedMediaType, BodyTooLarge, MalformedBody, InvalidInput.
        """
        media, _, parameters = self.header("Content-Type").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if media.strip() != "application/json" or charset not in ("", "charset=utf-8"):
            raise UnsupportedMediaType
        try:
            text = self.raw_body.decode()
        except UnicodeDecodeError:
            raise MalformedBody from None
        return read_object(parse_json(text), "", readers)


def tenant_answer(
    request: Request, tenant: Tenant, status: int = 200, location: str = "", **more: object
) -> Response:
    """Answers with where the tenant stands now, and with `more`."""
    from mohlat import bootstrap
    from mohlat.presentation.views import tenant_status

    about(tenant_id=tenant.id)
    agreement = bootstrap.agreements().load(tenant.product, tenant.agreement_version)
    for_operator = bool(request.claims) and request.caller.is_operator
    shown = tenant_status(
        tenant, agreement, bootstrap.clock().now(), request.language, for_operator=for_operator
    )
    return Response(status, shown | more, {"Location": location} if location else {})


# --- the API ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """What a function does for a method on a resource, and who may ask for it (nobody named: anyone)."""

    method: str
    resource: str
    act: Callable[[Request], Response]
    allow: tuple[Role, ...] = ()
    largest_body: int = LARGEST_BODY
    paced: bool = True


def route(
    method: str,
    resource: str,
    act: Callable[[Request], Response],
    allow: Iterable[Role] = (),
    *,
    largest_body: int = LARGEST_BODY,
    paced: bool = True,
) -> Route:
    """A route. Owners and users reach their own tenant only, operators every one they are allowed.

    `largest_body` is in bytes. Members are slowed down to what their package allows, unless the route is not
    `paced`: nobody waits in line to leave, to take their data along, or to object.
    """
    return Route(method, resource, act, tuple(allow), largest_body, paced)


def api(*routes: Route) -> Handler:
    """The handler of a function behind the API."""
    table = {(known.method, known.resource): known for known in routes}
    resources = {known.resource for known in routes}

    def lambda_handler(event: Event, context: Any) -> dict[str, Any]:
        request = Request(event, context)
        _begin(context, route=f"{request.method} {request.resource}", request_id=request.id)
        _name_tenant(request)
        began = time.monotonic()
        try:
            found = table.get((request.method, request.resource))
            if found is None:
                raise MethodNotAllowed if request.resource in resources else NotFound
            _admit(request, found)
            request.largest_body = found.largest_body
            response = found.act(request)
        except Exception as error:
            response = _refusal(error, request)
        logger.info("answered", status=response.status, milliseconds=int((time.monotonic() - began) * 1000))
        write_metrics()
        return _answer(response, request.language)

    return lambda_handler


def _name_tenant(request: Request) -> None:
    """Whose matter it is stands in each line: the tenant in the path, or else the caller's own."""
    try:
        about(tenant_id=request.tenant_id)
    except NotFound:
        about(tenant_id=request.claims.get("custom:tenant_id"))


def _admit(request: Request, found: Route) -> None:
    """Lets the caller in. Raises NotSignedIn, NotAllowed, or NotFound: a stranger's tenant does not exist;
    UnderMaintenance for a customer whose product is in a window (KALO-7).
    """
    if not found.allow:
        return
    caller = request.caller
    if caller.is_operator and Role.OPERATOR in found.allow:
        return
    if "{tenant_id}" in found.resource and set(found.allow) & set(MEMBERS):
        tenant_id = request.tenant_id
        if caller.tenant_id != tenant_id:
            _note_refusal(request, "foreign_tenant_refused")
            # Operators know that it exists; their looking into it is what is refused.
            raise NotAllowed if caller.is_operator else NotFound
    if not caller.roles & set(found.allow):
        _note_refusal(request, "role_refused")
        raise NotAllowed
    if Role.USER in caller.roles and Role.OWNER not in caller.roles:
        from mohlat import bootstrap

        # A token lives on for minutes after its user was sent away.
        if bootstrap.people().departed(caller.tenant_id, caller.username):
            raise NotSignedIn
    if "{tenant_id}" in found.resource and not caller.is_operator:
        from mohlat import bootstrap

        bootstrap.service_gate().demand_open(request.tenant_id)
    if found.paced and "{tenant_id}" in found.resource:
        _keep_pace(request)


def _keep_pace(request: Request) -> None:
    """Counts a member's request. Raises TooManyRequests.

    That it cannot be counted is no reason to refuse it: then it passes, and an alarm tells of it.
    """
    from mohlat import bootstrap

    try:
        bootstrap.pace_keeper().admit(request.tenant_id, request.source_ip)
    except MohlatError as error:
        if not isinstance(error, ServiceUnavailable):
            raise
        _uncounted(error)
    except Exception as error:
        if not bootstrap.passes(error):
            raise
        _uncounted(error)


def _uncounted(error: Exception) -> None:
    logger.warning("not counted", error=type(error).__name__)
    count("RequestUncounted")


def _note_refusal(request: Request, kind: str) -> None:
    from mohlat import bootstrap

    caller = request.caller
    bootstrap.security_log().note(
        caller.tenant_id or caller.username,
        kind,
        bootstrap.clock().now(),
        request.source_ip,
        username=caller.username,
        route=f"{request.method} {request.resource}",
    )


def _refusal(error: Exception, request: Request) -> Response:
    from mohlat import bootstrap

    if not isinstance(error, MohlatError) and bootstrap.passes(error):
        error = ServiceUnavailable(error=type(error).__name__)
    refused = problem(error, request.language, request.id)
    if refused.status >= 500 and not isinstance(error, MohlatError):
        unexpected(error)
    elif isinstance(error, UnderMaintenance):
        # Announced, and no failure of ours: its answers are taken off the alarm's count of 5xx.
        logger.info("under maintenance")
        count("UnderMaintenance")
    elif refused.status >= 500:
        logger.error("failed", error=type(error).__name__, details=error.details)  # type: ignore[attr-defined]
    else:
        logger.info("refused", error=type(error).__name__, field=refused.body.get("field"))
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
    if isinstance(error, TooManyRequests):
        count("Throttled")
        headers |= rate_limit(error)
    return Response(refused.status, refused.body, headers, "application/problem+json")


def _answer(response: Response, language: str) -> dict[str, Any]:
    headers = {**_HEADERS, "Content-Language": language, **response.headers}
    if origin := os.environ.get("ALLOWED_ORIGIN"):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = (
            "Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy"
        )
        headers["Vary"] = "Origin, Accept-Language"
    body = ""
    if isinstance(response.body, bytes):
        headers["Content-Type"] = response.content_type
        encoded = base64.b64encode(response.body).decode()
        return {"statusCode": response.status, "headers": headers, "body": encoded, "isBase64Encoded": True}
    if response.body is not None:
        headers["Content-Type"] = f"{response.content_type}; charset=utf-8"
        body = (
            response.body if isinstance(response.body, str) else json.dumps(response.body, ensure_ascii=False)
        )
    return {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": False}


# --- everything that no person waits for ------------------------------------------------------------------

_TRACED = (
    "execution",
    "tenant_id",
    "payment_id",
    "refund_id",
    "ticket_id",
    "job_id",
    "request_id",
    "generation",
    "deadline",
    "stores",
    "kind",
    "product",
    "id",
    "number",
)


def task(act: Handler) -> Handler:
    """The handler of a step, a schedule or an event. Errors leave under their own names.

    A passing trouble of AWS leaves as ServiceUnavailable, whichever library told of it: a state machine can
    only try again what it knows by name.
    """
    from mohlat import bootstrap

    def lambda_handler(event: Event, context: Any) -> Any:
        facts = {name: event[name] for name in _TRACED if isinstance(event, dict) and name in event}
        _begin(context, **facts)
        try:
            return act(event, context)
        except MohlatError as error:
            logger.warning("not done", error=type(error).__name__, details=error.details)
            raise
        except Exception as error:
            if bootstrap.passes(error):
                logger.warning("not done", error=type(error).__name__)
                raise ServiceUnavailable(error=type(error).__name__) from error
            unexpected(error)
            raise
        finally:
            write_metrics()

    return lambda_handler


def batch(named: Callable[[Any], str], act: Callable[[Any], None]) -> Handler:
    """The handler of a batch: what fails is reported, by the name that `named` reads, the rest is done.

    Each record's lines name what that record is about, and nothing of the one before it.
    """

    def succeeds(record: Any, context: Any) -> bool:
        _begin(context)
        try:
            act(record)
        except MohlatError as error:
            logger.warning("not done", error=type(error).__name__, details=error.details)
            return False
        except Exception as error:
            unexpected(error)
            return False
        return True

    def lambda_handler(event: Event, context: Any) -> dict[str, list[dict[str, str]]]:
        _begin(context)
        try:
            failed = [named(record) for record in event["Records"] if not succeeds(record, context)]
        finally:
            write_metrics()
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    return lambda_handler


def _begin(context: Any, **facts: object) -> None:
    logger.clear_state()
    logger.append_keys(
        function=getattr(context, "function_name", ""),
        invocation=getattr(context, "aws_request_id", ""),
        **{name: value for name, value in facts.items() if value},
    )
