"""POST /tenants: somebody registers and accepts the agreement."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.register_tenant import Application, register_tenant
from mohlat.domain.people import LegalEntity
from mohlat.entrypoint import Request, Response, api, route, tenant_answer
from mohlat.idempotency import once
from mohlat.presentation.fields import (
    choice,
    email,
    flag,
    group,
    legal_id,
    mobile,
    optional,
    secret,
    slug,
    text,
    ticked,
)

_LEGAL_ENTITY = group(
    {"name": text(), "national_id": legal_id, "authority_declared": optional(flag, default=False)}
)


def _register(request: Request) -> Response:
    fields = request.fields(
        product=slug,
        name=text(120),
        email=email,
        mobile=mobile,
        password=secret,
        language=optional(choice("fa", "en"), default="fa"),
        accept=ticked,
        plan=optional(slug),
        legal_entity=optional(_LEGAL_ENTITY),
    )
    entity = fields.pop("legal_entity")
    application = Application(
        **{name: value for name, value in fields.items() if name != "accept"},
        accepted=fields["accept"],
        source_ip=request.source_ip,
        legal_entity=LegalEntity(entity["name"], entity["national_id"]) if entity else None,
        declares_authority=bool(entity and entity["authority_declared"]),
    )
    return once(request, lambda: _create(request, application))


def _create(request: Request, application: Application) -> Response:
    tenant = register_tenant(
        application,
        tenants=bootstrap.tenants(),
        people=bootstrap.people(),
        sign_in=bootstrap.user_pool(),
        fingerprints=bootstrap.fingerprints(),
        agreements=bootstrap.agreements(),
        gate=bootstrap.service_gate(),
        ids=bootstrap.ids(),
        clock=bootstrap.clock(),
    )
    return tenant_answer(request, tenant, 201, f"{request.address}/{tenant.id}")


lambda_handler = api(route("POST", "/tenants", _register))
