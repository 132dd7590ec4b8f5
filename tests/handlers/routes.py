"""The API's routes as data: what the functions, the template and the API's description must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OWNER, USER, OPERATOR = "owner", "user", "operator"
PUBLIC: tuple[str, ...] = ()
TENANT_USERS = (OWNER, USER)
EVERYBODY = (OWNER, USER, OPERATOR)


@dataclass(frozen=True)
class Route:
    """A route, its function, and the groups that may ask for it (none: everybody, without a token)."""

    function: str
    method: str
    path: str
    auth: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


_TENANT = "/tenants/{tenant_id}"
ROUTES = [
    Route("register_tenant", "POST", "/tenants", PUBLIC),
    Route("confirm_contact", "POST", f"{_TENANT}/confirmations", PUBLIC),
    Route("confirm_contact", "POST", f"{_TENANT}/confirmation-codes", PUBLIC),
    Route("sign_in", "POST", "/sessions", PUBLIC),
    Route("recover_password", "POST", "/password-recoveries", PUBLIC),
    Route("recover_password", "POST", "/password-recoveries/confirmations", PUBLIC),
    Route("read_catalog", "GET", "/products", PUBLIC),
    Route("read_catalog", "GET", "/products/{product}/agreement", PUBLIC),
    Route("read_catalog", "GET", "/products/{product}/plans", PUBLIC),
    Route("pay_callback", "GET", "/payments/{gateway}/callback", PUBLIC),
    Route("view_tenant", "GET", _TENANT, EVERYBODY),
    Route("view_tenant", "GET", f"{_TENANT}/deadlines", EVERYBODY),
    Route("view_tenant", "GET", f"{_TENANT}/timeline", EVERYBODY),
    Route("accept_terms", "POST", f"{_TENANT}/acceptances", (OWNER,)),
    Route("accept_terms", "GET", f"{_TENANT}/acceptances", EVERYBODY),
    Route("place_order", "POST", f"{_TENANT}/orders", TENANT_USERS),
    Route("place_order", "GET", f"{_TENANT}/orders", TENANT_USERS),
    Route("place_order", "GET", f"{_TENANT}/orders/{{order_id}}", TENANT_USERS),
    Route("keep_records", "GET", f"{_TENANT}/records", TENANT_USERS),
    Route("keep_records", "GET", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("keep_records", "PUT", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("keep_records", "DELETE", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("close_tenant", "POST", f"{_TENANT}/closures", (OWNER,)),
    Route("restrict_tenant", "POST", f"{_TENANT}/restrictions", (OPERATOR,)),
    Route("restrict_tenant", "DELETE", f"{_TENANT}/restrictions/{{kind}}", (OPERATOR,)),
    Route("hold_tenant", "POST", f"{_TENANT}/holds", (OPERATOR,)),
    Route("hold_tenant", "DELETE", f"{_TENANT}/holds/{{hold_id}}", (OPERATOR,)),
    Route("view_purge", "GET", "/purges/{tenant_id}", (OPERATOR,)),
    Route("view_security_log", "GET", "/security-log", (OPERATOR,)),
    Route("request_sweep", "POST", "/sweeps", (OPERATOR,)),
    Route("set_test_clock", "GET", "/test-clock", (OPERATOR,)),
    Route("set_test_clock", "POST", "/test-clock", (OPERATOR,)),
]
_EXAMPLES = {
    "tenant_id": "t_00000000000000000000000001",
    "order_id": "o_00000000000000000000000003",
    "hold_id": "h_00000000000000000000000003",
    "record_id": "customer-1",
    "kind": "blocked",
    "product": "kalo",
    "gateway": "zarinpal",
}


def event_for(route: Route, claims: dict[str, str] | None) -> dict[str, Any]:
    """A call of a route, with an empty object as its body, by somebody with these claims."""
    parameters = {name: value for name, value in _EXAMPLES.items() if f"{{{name}}}" in route.path}
    context: dict[str, Any] = {
        "requestId": "5bd1a3f2-9b0a-4a6b-8f5e-6f3f0c9f1c11",
        "path": f"/v1{route.path}",
        "identity": {"sourceIp": "198.51.100.7"},
    }
    if claims is not None:
        context["authorizer"] = {"claims": claims}
    return {
        "resource": route.path,
        "path": route.path,
        "httpMethod": route.method,
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": None,
        "pathParameters": parameters or None,
        "requestContext": context,
        "body": None if route.method == "GET" else "{}",
        "isBase64Encoded": False,
    }
