"""The API's routes as data: what the functions, the template and the API's description must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OWNER, USER, OPERATOR, PARTNER = "owner", "user", "operator", "partner"
PUBLIC: tuple[str, ...] = ()
TENANT_USERS = (OWNER, USER)
EVERYBODY = (OWNER, USER, OPERATOR)
OWNER_AND_OPERATOR = (OWNER, OPERATOR)
# Not of a tenant: whoever signs in as something else is refused by role, not told that nothing is there.
STAFF = ((OPERATOR,), (PARTNER,))


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
_INVOICE = f"{_TENANT}/invoices/{{invoice_id}}"
_REQUEST = f"{_TENANT}/data-requests/{{request_id}}"
_LENT = "/support/customers/{customer_id}"
_ESCROW = f"{_TENANT}/escrows/{{escrow_id}}"
ROUTES = [
    Route("register_tenant", "POST", "/tenants", PUBLIC),
    Route("confirm_contact", "POST", f"{_TENANT}/confirmations", PUBLIC),
    Route("confirm_contact", "POST", f"{_TENANT}/confirmation-codes", PUBLIC),
    Route("sign_in", "POST", "/sessions", PUBLIC),
    Route("recover_password", "POST", "/password-recoveries", PUBLIC),
    Route("recover_password", "POST", "/password-recoveries/confirmations", PUBLIC),
    Route("read_status", "GET", "/products/{product}/status", PUBLIC),
    Route("read_status", "GET", "/products/{product}/news", PUBLIC),
    Route("read_status", "GET", f"{_TENANT}/uptime", EVERYBODY),
    Route("operate_service", "POST", "/products/{product}/news", (OPERATOR,)),
    Route("operate_service", "GET", "/products/{product}/rounds", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/windows", (OPERATOR,)),
    Route("operate_service", "GET", "/products/{product}/windows", (OPERATOR,)),
    Route("operate_service", "GET", "/products/{product}/windows/{window_id}", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/windows/{window_id}/changes", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/incidents", (OPERATOR,)),
    Route("operate_service", "GET", "/products/{product}/incidents", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/incidents/{incident_id}/end", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/months/{month}/closing", (OPERATOR,)),
    Route("operate_service", "POST", "/products/{product}/wind-down", (OPERATOR,)),
    Route("operate_service", "GET", "/products/{product}/wind-down", (OPERATOR,)),
    Route("operate_service", "DELETE", "/products/{product}/wind-down", (OPERATOR,)),
    Route("read_catalog", "GET", "/products", PUBLIC),
    Route("read_catalog", "GET", "/products/{product}/agreement", PUBLIC),
    Route("read_catalog", "GET", "/products/{product}/plans", PUBLIC),
    Route("pay_callback", "GET", "/payments/{gateway}/callback", PUBLIC),
    Route("pay_callback", "POST", "/payments/{gateway}/callback", PUBLIC),
    Route("pay_callback", "GET", "/payments/{gateway}/pages/{payment_id}", PUBLIC),
    Route("view_tenant", "GET", _TENANT, EVERYBODY),
    Route("view_tenant", "GET", f"{_TENANT}/deadlines", EVERYBODY),
    Route("view_tenant", "GET", f"{_TENANT}/timeline", EVERYBODY),
    Route("accept_terms", "POST", f"{_TENANT}/acceptances", (OWNER,)),
    Route("accept_terms", "GET", f"{_TENANT}/acceptances", EVERYBODY),
    Route("place_order", "POST", f"{_TENANT}/quotes", TENANT_USERS),
    Route("place_order", "POST", f"{_TENANT}/orders", TENANT_USERS),
    Route("place_order", "GET", f"{_TENANT}/orders", TENANT_USERS),
    Route("place_order", "GET", f"{_TENANT}/orders/{{order_id}}", TENANT_USERS),
    Route("report_payment", "GET", f"{_TENANT}/payments/{{payment_id}}", TENANT_USERS),
    Route("report_payment", "POST", f"{_TENANT}/payments/{{payment_id}}/reports", TENANT_USERS),
    Route("return_money", "POST", f"{_TENANT}/withdrawals", (OWNER,)),
    Route("return_money", "POST", f"{_TENANT}/refunds", OWNER_AND_OPERATOR),
    Route("return_money", "GET", f"{_TENANT}/refunds", EVERYBODY),
    Route("view_invoices", "GET", f"{_TENANT}/invoices", EVERYBODY),
    Route("view_invoices", "GET", _INVOICE, EVERYBODY),
    Route("render_invoice", "GET", f"{_INVOICE}/pdf", EVERYBODY),
    Route("view_invoices", "GET", f"{_TENANT}/ledger", EVERYBODY),
    Route("contest_invoice", "POST", f"{_INVOICE}/disputes", (OWNER,)),
    Route("contest_invoice", "POST", f"{_INVOICE}/official", (OWNER,)),
    Route("manage_profile", "GET", f"{_TENANT}/profile", (OWNER,)),
    Route("manage_profile", "PUT", f"{_TENANT}/profile", (OWNER,)),
    Route("handle_tickets", "GET", f"{_TENANT}/tickets", EVERYBODY),
    Route("handle_tickets", "GET", f"{_TENANT}/tickets/{{ticket_id}}", OWNER_AND_OPERATOR),
    Route("handle_tickets", "POST", f"{_TENANT}/tickets/{{ticket_id}}/closures", (OPERATOR,)),
    Route("handle_support", "POST", f"{_TENANT}/tickets", TENANT_USERS),
    Route("handle_support", "GET", f"{_TENANT}/tickets/{{ticket_id}}/messages", EVERYBODY),
    Route("handle_support", "POST", f"{_TENANT}/tickets/{{ticket_id}}/messages", EVERYBODY),
    Route("handle_support", "POST", f"{_TENANT}/tickets/{{ticket_id}}/steps", (OPERATOR,)),
    Route("handle_support", "POST", f"{_TENANT}/tickets/{{ticket_id}}/classifications", (OPERATOR,)),
    Route("handle_support", "POST", f"{_TENANT}/tickets/{{ticket_id}}/charges", (OPERATOR,)),
    Route("handle_support", "GET", "/support-tickets", (OPERATOR,)),
    Route("declare_days", "GET", "/products/{product}/days", (OPERATOR,)),
    Route("declare_days", "PUT", "/products/{product}/days/{day}", (OPERATOR,)),
    Route("close_tenant", "POST", f"{_TENANT}/reopenings", (OWNER,)),
    Route("manage_profile", "GET", f"{_TENANT}/personal-data", (OWNER,)),
    Route("manage_profile", "PUT", f"{_TENANT}/contact", (OWNER,)),
    Route("handle_requests", "POST", f"{_TENANT}/data-requests", TENANT_USERS),
    Route("handle_requests", "GET", f"{_TENANT}/data-requests", EVERYBODY),
    Route("handle_requests", "GET", _REQUEST, EVERYBODY),
    Route("handle_requests", "POST", f"{_REQUEST}/answers", (OPERATOR,)),
    Route("handle_requests", "POST", f"{_REQUEST}/extensions", (OPERATOR,)),
    Route("handle_requests", "POST", f"{_REQUEST}/identity-checks", (OPERATOR,)),
    Route("handle_requests", "POST", f"{_REQUEST}/identity-confirmations", (OPERATOR,)),
    Route("keep_disclosures", "POST", f"{_TENANT}/disclosures", (OPERATOR,)),
    Route("keep_disclosures", "GET", f"{_TENANT}/disclosures", OWNER_AND_OPERATOR),
    Route("handle_tickets", "GET", "/tickets", (OPERATOR,)),
    Route("meter_usage", "POST", f"{_TENANT}/usage", (OPERATOR,)),
    Route("meter_usage", "GET", f"{_TENANT}/debts", EVERYBODY),
    Route("meter_usage", "POST", f"{_TENANT}/debts/{{debt_id}}/cancellations", (OPERATOR,)),
    Route("keep_escrow", "POST", f"{_TENANT}/escrows", (OPERATOR,)),
    Route("keep_escrow", "GET", f"{_TENANT}/escrows", EVERYBODY),
    Route("keep_escrow", "POST", f"{_ESCROW}/releases", (OWNER,)),
    Route("keep_escrow", "POST", f"{_ESCROW}/returns", (OWNER,)),
    Route("keep_escrow", "POST", f"{_ESCROW}/cancellations", OWNER_AND_OPERATOR),
    Route("explain_return", "POST", f"{_ESCROW}/reasons", (OWNER,)),
    Route("explain_return", "GET", f"{_ESCROW}/reasons", (OPERATOR,)),
    Route("propose_work", "POST", "/partner/escrows", (PARTNER,)),
    Route("propose_work", "GET", "/partner/escrows", (PARTNER,)),
    Route("compensate_tenant", "POST", f"{_TENANT}/compensations", (OPERATOR,)),
    Route("compensate_tenant", "GET", f"{_TENANT}/compensations", OWNER_AND_OPERATOR),
    Route("decide_payment", "GET", "/held-payments/{payment_id}", (OPERATOR,)),
    Route("decide_payment", "POST", "/held-payments/{payment_id}/decisions", (OPERATOR,)),
    Route("export_tenant", "POST", f"{_TENANT}/exports", (OWNER,)),
    Route("export_tenant", "GET", f"{_TENANT}/exports", OWNER_AND_OPERATOR),
    Route("export_tenant", "GET", f"{_TENANT}/exports/{{export_id}}", OWNER_AND_OPERATOR),
    Route("export_tenant", "GET", f"{_TENANT}/exports/{{export_id}}/files/{{file}}", (OWNER,)),
    Route("keep_backups", "POST", f"{_TENANT}/backups", TENANT_USERS),
    Route("keep_backups", "GET", f"{_TENANT}/backups", EVERYBODY),
    Route("keep_backups", "POST", f"{_TENANT}/restorations", (OWNER,)),
    Route("keep_backups", "GET", f"{_TENANT}/restorations/{{restoration_id}}", OWNER_AND_OPERATOR),
    Route("serve_customer", "POST", f"{_TENANT}/looks", (OPERATOR,)),
    Route("serve_customer", "POST", f"{_TENANT}/contact-notes", (OPERATOR,)),
    Route("serve_customer", "GET", f"{_TENANT}/contact-notes", OWNER_AND_OPERATOR),
    Route("report_misuse", "POST", f"{_TENANT}/misuse-reports", TENANT_USERS),
    Route("delegate_powers", "GET", f"{_TENANT}/delegations", OWNER_AND_OPERATOR),
    Route("delegate_powers", "PUT", f"{_TENANT}/delegations/{{partner}}", (OPERATOR,)),
    Route("delegate_powers", "DELETE", f"{_TENANT}/delegations/{{partner}}", (OPERATOR,)),
    Route("delegate_powers", "GET", "/partner/customers/{customer_id}", (PARTNER,)),
    Route("delegate_powers", "POST", "/partner/customers/{customer_id}/contact-notes", (PARTNER,)),
    Route("lend_support", "POST", f"{_TENANT}/support-grants", (OWNER,)),
    Route("lend_support", "GET", f"{_TENANT}/support-grants", (OWNER,)),
    Route("lend_support", "DELETE", f"{_TENANT}/support-grants/{{grant_id}}", (OWNER,)),
    Route("lend_support", "GET", _LENT, EVERYBODY),
    Route("lend_support", "GET", f"{_LENT}/records", EVERYBODY),
    Route("lend_support", "GET", f"{_LENT}/records/{{record_id}}", EVERYBODY),
    Route("lend_support", "POST", f"{_LENT}/answers", EVERYBODY),
    Route("handle_leaks", "POST", "/products/{product}/leaks", (OPERATOR,)),
    Route("handle_leaks", "GET", "/products/{product}/leaks", (OPERATOR,)),
    Route("handle_leaks", "GET", "/products/{product}/leaks/{leak_id}", (OPERATOR,)),
    Route("handle_leaks", "POST", "/products/{product}/leaks/{leak_id}/steps", (OPERATOR,)),
    Route("remove_content", "POST", f"{_TENANT}/removals", (OPERATOR,)),
    Route("manage_consents", "GET", f"{_TENANT}/consents", OWNER_AND_OPERATOR),
    Route("manage_consents", "POST", f"{_TENANT}/consents", (OWNER,)),
    Route("manage_consents", "POST", f"{_TENANT}/promotions", (OPERATOR,)),
    Route("unsubscribe", "GET", "/u/{account}/{purpose}/{token}", PUBLIC),
    Route("unsubscribe", "POST", "/u/{account}/{purpose}/{token}", PUBLIC),
    Route("publish_listing", "GET", f"{_TENANT}/listing", OWNER_AND_OPERATOR),
    Route("publish_listing", "PUT", f"{_TENANT}/listing", (OWNER,)),
    Route("publish_listing", "POST", f"{_TENANT}/listing/objections", (OWNER,)),
    Route("read_public_lists", "GET", "/products/{product}/customers", PUBLIC),
    Route("read_public_lists", "GET", "/products/{product}/customer-statistics", PUBLIC),
    Route("read_public_lists", "GET", "/products/{product}/cookies", PUBLIC),
    Route("read_public_lists", "GET", "/products/{product}/processors", PUBLIC),
    Route("answer_cookies", "GET", "/products/{product}/cookie-consent", PUBLIC),
    Route("answer_cookies", "POST", "/products/{product}/cookie-consent", PUBLIC),
    Route("answer_cookies", "DELETE", "/products/{product}/cookie-consent", PUBLIC),
    Route("synchronize_records", "POST", f"{_TENANT}/sync", TENANT_USERS),
    Route("synchronize_records", "GET", f"{_TENANT}/changes", TENANT_USERS),
    Route("synchronize_records", "GET", f"{_TENANT}/records/{{record_id}}/copies", TENANT_USERS),
    Route("synchronize_records", "POST", f"{_TENANT}/record-searches", TENANT_USERS),
    Route("keep_records", "GET", f"{_TENANT}/activity", (OWNER,)),
    Route("keep_records", "GET", f"{_TENANT}/records", TENANT_USERS),
    Route("keep_records", "GET", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("keep_records", "PUT", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("keep_records", "DELETE", f"{_TENANT}/records/{{record_id}}", TENANT_USERS),
    Route("close_tenant", "POST", f"{_TENANT}/closures", (OWNER,)),
    Route("restrict_tenant", "POST", f"{_TENANT}/findings", (OPERATOR,)),
    Route("restrict_tenant", "POST", f"{_TENANT}/restrictions", (OPERATOR,)),
    Route("restrict_tenant", "DELETE", f"{_TENANT}/restrictions/{{kind}}", (OPERATOR,)),
    Route("contest_invoice", "POST", f"{_TENANT}/restrictions/{{kind}}/objections", (OWNER,)),
    Route("hold_tenant", "GET", f"{_TENANT}/holds", (OPERATOR,)),
    Route("hold_tenant", "POST", f"{_TENANT}/holds", (OPERATOR,)),
    Route("hold_tenant", "DELETE", f"{_TENANT}/holds/{{hold_id}}", (OPERATOR,)),
    Route("read_certificate", "GET", "/certificates/{tenant_id}/{token}", PUBLIC),
    Route("read_certificate", "GET", "/certificates/key", PUBLIC),
    Route("view_purge", "GET", "/purges/{tenant_id}", (OPERATOR,)),
    Route("view_security_log", "GET", "/security-log", (OPERATOR,)),
    Route("view_security_log", "GET", "/unusual-use", (OPERATOR,)),
    Route("request_sweep", "POST", "/sweeps", (OPERATOR,)),
    Route("set_test_clock", "GET", "/test-clock", (OPERATOR,)),
    Route("set_test_clock", "POST", "/test-clock", (OPERATOR,)),
]
_EXAMPLES = {
    "tenant_id": "t_00000000000000000000000001",
    "customer_id": "t_00000000000000000000000001",
    "grant_id": "a_00000000000000000000000006",
    "partner": "u_00000000000000000000000088",
    "order_id": "o_00000000000000000000000003",
    "payment_id": "p_00000000000000000000000004",
    "invoice_id": "i_00000000000000000000000004",
    "ticket_id": "k_00000000000000000000000005",
    "debt_id": "d_00000000000000000000000003",
    "escrow_id": "e_00000000000000000000000003",
    "hold_id": "h_00000000000000000000000003",
    "record_id": "customer-1",
    "window_id": "w_00000000000000000000000003",
    "incident_id": "y_00000000000000000000000003",
    "month": "1404-10",
    "leak_id": "l_00000000000000000000000003",
    "account": "00000000000000000000000001",
    "purpose": "e",
    "export_id": "x_00000000000000000000000003",
    "file": "manifest.json",
    "restoration_id": "n_00000000000000000000000004",
    "kind": "blocked",
    "product": "kalo",
    "gateway": "zarinpal",
    "token": "0" * 64,
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
