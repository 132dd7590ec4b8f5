"""GET /health: whether the API answers and finds its layers."""

from __future__ import annotations

import json
from typing import Any

import mohlat


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer 200 once the core layer has been imported."""
    body = {"status": "ok", "service": mohlat.__name__}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
