"""What a certificate of deletion says, and that it can be checked by anybody and not be altered."""

from __future__ import annotations

import hashlib
import json
import runpy
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mohlat.agreements import loader
from mohlat.application.read_certificate import sign
from mohlat.domain.certificate import Certificate, statement
from mohlat.domain.errors import InvalidInput
from mohlat.domain.purge import PurgeEntry, demand_target
from tests.fakes import FakeSigner

AT = datetime(2026, 3, 31, 8, tzinfo=UTC)
ENTRY = PurgeEntry(
    "t_1",
    "kalo",
    "KALO-10",
    "nothing was paid",
    AT - timedelta(minutes=1),
    "f" * 64,
    7,
    deleted={"records": 3, "key": 1},
    left={"records": 0, "key": 0},
)
SCRIPT = Path(__file__).parents[2] / "docs" / "verify_certificate.py"


def pem(signer: FakeSigner) -> bytes:
    body = b64encode(signer.public_key)
    return b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n"


def shown(certificate: Certificate) -> dict[str, str]:
    return {
        "signed_text": certificate.text,
        "signature": certificate.signature,
        "key_id": certificate.key_id,
    }


def test_it_says_what_went_when_and_what_stays_by_which_law() -> None:
    text = statement(ENTRY, AT, loader.retained())
    said = json.loads(text)
    assert (said["live_data_gone_at"], said["backups_gone_at"]) == (
        "2026-03-31T08:00:00Z",
        "2026-05-05T08:00:00Z",
    )
    assert (said["deleted"], said["left"]) == ({"records": 3, "key": 1}, {"records": 0, "key": 0})
    assert said["journal"] == {"head": "f" * 64, "length": 7}
    assert all(each["ground"] and each["kept"] and each["names"]["fa"] for each in said["retained"])
    # One form only, or a signature could not be checked.
    assert text == json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_anybody_can_check_it_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signer = FakeSigner()
    certificate = sign(signer, statement(ENTRY, AT, loader.retained()))
    assert certificate.key_id == hashlib.sha256(signer.public_key).hexdigest()
    assert certificate.content["tenant_id"] == "t_1"
    (tmp_path / "certificate.json").write_text(json.dumps(shown(certificate)), encoding="utf-8")
    (tmp_path / "key.pem").write_bytes(pem(signer))
    main: Any = runpy.run_path(str(SCRIPT))["main"]
    assert main(str(tmp_path / "certificate.json"), str(tmp_path / "key.pem")) == 0
    assert "KALO-10" in capsys.readouterr().out
    altered = replace(certificate, text=certificate.text.replace('"records":3', '"records":4'))
    (tmp_path / "certificate.json").write_text(json.dumps(shown(altered)), encoding="utf-8")
    assert main(str(tmp_path / "certificate.json"), str(tmp_path / "key.pem")) == 1
    assert "not the one that was signed" in capsys.readouterr().out


def test_another_key_or_another_signature_does_not_hold() -> None:
    check: Any = runpy.run_path(str(SCRIPT))["check"]
    signer, other = FakeSigner(), FakeSigner()
    text = statement(ENTRY, AT, ())
    certificate = sign(signer, text)
    assert check(shown(certificate), pem(signer)) == ""
    assert check(shown(certificate), pem(other)) == "it was signed with another key"
    forged = replace(sign(other, text), key_id=certificate.key_id)
    assert check(shown(forged), pem(signer)) == "the text is not the one that was signed"


@pytest.mark.parametrize("target", ["", " ", "t_1/..", "t_1#", "*", "t" * 65, "t_۱"])
def test_a_blank_or_malformed_target_is_never_erased(target: str) -> None:
    with pytest.raises(InvalidInput):
        demand_target(target)
    demand_target("t_00000000000000000000000001")
