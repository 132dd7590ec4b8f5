"""One small HTTP client for every provider.

It never tries again by itself (only the caller knows whether a repetition is harmless) and never lets an
address out: providers put their API key into the path, so neither an exception nor a log record may hold one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

_MOST_BYTES = 1_000_000
# Without a connection nothing was said to anybody.
_NEVER_ARRIVED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
_HEADERS = {"Accept": "application/json", "User-Agent": "mohlat"}


class NoAnswer(Exception):
    """No response came back. `sent`: the request may have arrived, and what it did there is unknown."""

    def __init__(self, problem: str, *, sent: bool) -> None:
        super().__init__(problem)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's response: the HTTP status, and the parsed body (None when it was not JSON)."""

    status: int
    body: object


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A response as it came: its reader bounds and parses it."""

    status: int
    content: bytes


class HttpClient:
    """Posts JSON or a form and reads JSON, or XML for XML, over pooled connections that a warm Lambda keeps.

    `connect_timeout` and `read_timeout` are in seconds; the second bounds each wait for bytes.
    """

    def __init__(self, connect_timeout: float = 3.0, read_timeout: float = 10.0) -> None:
        _silence_urllib3()
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            retries=False,
            headers=_HEADERS,
        )

    def post_json(self, url: str, payload: Mapping[str, object], bearer: str | None = None) -> Answer:
        """Posts `payload` as a JSON object, with a bearer token where there is one. Raises NoAnswer."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = {**_HEADERS, "Content-Type": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        return _read(self._post(url, body=body, headers=headers))

    def post_xml(self, url: str, document: bytes) -> RawAnswer:
        """Posts a SOAP 1.1 document. Raises NoAnswer."""
        headers = {**_HEADERS, "Accept": "text/xml", "Content-Type": "text/xml; charset=utf-8"}
        return self._post(url, body=document, headers={**headers, "SOAPAction": '""'})

    def post_form(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Posts `fields` form-urlencoded in UTF-8. Raises NoAnswer."""
        return _read(self._post(url, fields=fields, encode_multipart=False))

    def _post(self, url: str, **arguments: Any) -> RawAnswer:
        try:
            # A redirect is not followed: no provider's API answers one, and it would carry the key along.
            response = self._pool.request("POST", url, redirect=False, preload_content=False, **arguments)
            try:
                content = response.read(_MOST_BYTES, decode_content=True)
                if len(content) >= _MOST_BYTES:
                    # No provider says so much; what is left unread must not meet the next request.
                    response.close()
            finally:
                response.release_conn()
            return RawAnswer(response.status, content)
        except urllib3.exceptions.HTTPError as error:
            problem, sent = type(error).__name__, not isinstance(error, _NEVER_ARRIVED)
        # Raised outside the handler: urllib3's own error holds the address and must not travel as context.
        raise NoAnswer(problem, sent=sent)


def _read(answer: RawAnswer) -> Answer:
    try:
        return Answer(answer.status, json.loads(answer.content))
    except ValueError:
        return Answer(answer.status, None)


def _drop(record: logging.LogRecord) -> bool:
    return False


def _silence_urllib3() -> None:
    # Its debug lines, and one of its warnings, print the path. A filter holds at any level one may set.
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logging.getLogger(name).addFilter(_drop)
