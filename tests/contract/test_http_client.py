"""The HTTP client that the adapters share."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mohlat.adapters.http import Answer, HttpClient, NoAnswer, RawAnswer

seen: list[str] = []


async def echo(request: Request) -> Response:
    seen.append(request.url.path)
    body = (await request.body()).decode()
    return JSONResponse({"type": request.headers["content-type"], "body": body}, 418)


async def headers(request: Request) -> Response:
    return JSONResponse(
        {name: request.headers.get(name) for name in ("authorization", "accept", "soapaction")}
    )


async def move(request: Request) -> Response:
    return RedirectResponse("/echo", 307)


async def flood(request: Request) -> Response:
    return PlainTextResponse(3_000_000 * "1")


@pytest.fixture
def origin(stage: Any) -> str:
    seen.clear()
    stage.app = Starlette(
        routes=[Route(f"/{act.__name__}", act, methods=["POST"]) for act in (echo, headers, move, flood)]
    )
    return stage.origin


@pytest.fixture
def client() -> HttpClient:
    return HttpClient(connect_timeout=2, read_timeout=2)


def test_json_goes_out_as_utf8_and_any_status_comes_back_with_its_body(
    origin: str, client: HttpClient
) -> None:
    answer = client.post_json(f"{origin}/echo", {"name": "مهلت"})
    assert answer == Answer(418, {"type": "application/json", "body": '{"name": "مهلت"}'})


def test_a_form_goes_out_urlencoded(origin: str, client: HttpClient) -> None:
    answer = client.post_form(f"{origin}/echo", {"a": "م b", "c": "1"})
    expected = {"type": "application/x-www-form-urlencoded", "body": "a=%D9%85+b&c=1"}
    assert answer == Answer(418, expected)


def test_a_bearer_token_goes_along_with_the_one_call_it_is_for(origin: str, client: HttpClient) -> None:
    body = client.post_json(f"{origin}/headers", {}, bearer="token").body
    assert body == {"authorization": "Bearer token", "accept": "application/json", "soapaction": None}
    assert client.post_json(f"{origin}/headers", {}).body == {**body, "authorization": None}


def test_xml_goes_out_as_it_is_and_comes_back_unread(origin: str, client: HttpClient) -> None:
    document = "<a>مهلت</a>".encode()
    answer = client.post_xml(f"{origin}/echo", document)
    assert answer == RawAnswer(418, b'{"type":"text/xml; charset=utf-8","body":"<a>' + document[3:] + b'"}')
    told = client.post_xml(f"{origin}/headers", document).content
    assert told == b'{"authorization":null,"accept":"text/xml","soapaction":"\\"\\""}'


def test_a_redirect_is_not_followed(origin: str, client: HttpClient) -> None:
    assert client.post_json(f"{origin}/move", {}) == Answer(307, None)
    assert seen == []


def test_a_flood_is_cut_off_and_does_not_reach_the_next_answer(origin: str, client: HttpClient) -> None:
    client.post_json(f"{origin}/flood", {})
    assert client.post_json(f"{origin}/echo", {}).status == 418


def test_nobody_there_is_no_answer_and_the_reason_names_no_address(client: HttpClient) -> None:
    with pytest.raises(NoAnswer) as nobody:
        client.post_json("http://127.0.0.1:9/secret", {})
    assert str(nobody.value) == "NewConnectionError"
    assert not nobody.value.sent
    assert nobody.value.__context__ is None
