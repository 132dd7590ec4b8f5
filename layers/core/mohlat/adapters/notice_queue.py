"""The queue in front of the sending function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class SqsNoticeQueue:
    """`NoticeQueue` over a botocore `sqs` client and the queue at `url`."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, message: Mapping[str, object]) -> None:
        """Hands a message over durably, as JSON."""
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(message))
