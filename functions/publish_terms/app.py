"""POST /products/{product}/terms: operators publish a version of a product's terms or privacy policy."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.application.keep_terms import Draft
from mohlat.domain.people import Role
from mohlat.domain.publications import MustAccept
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import (
    choice,
    group,
    instant,
    member,
    optional,
    sha256,
    slug,
    text,
    web_address,
)
from mohlat.presentation.terms_views import publication

_SUMMARY = group({"fa": text(2000), "en": text(2000)})


def _publish(request: Request) -> Response:
    fields = request.fields(
        version=slug,
        document=choice("terms", "privacy"),
        effective_at=instant,
        summary=_SUMMARY,
        sha256=sha256,
        url=web_address,
        must_accept=member(MustAccept),
        agreement_version=optional(slug),
    )
    rules = fields.pop("agreement_version")
    draft = Draft(product=request.path("product"), **fields, rules=rules)
    published, new = bootstrap.publishing_desk().publish(draft, request.caller.name)
    shown = publication(published, bootstrap.clock().now(), request.language)
    return Response(201 if new else 200, shown, {"Location": f"{request.address}/versions"} if new else {})


lambda_handler = api(route("POST", "/products/{product}/terms", _publish, [Role.OPERATOR]))
