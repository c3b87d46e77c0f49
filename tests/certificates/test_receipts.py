"""Receipts: what a switch leaves behind, and that nobody changes it unnoticed."""

from __future__ import annotations

import base64
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from certificates import actions
from certificates.rollout import actions as rollout
from certificates.rollout import keeper, receipts
from certificates.rollout.models import Receipt, ReceiptKey
from certificates.rollout.signing import BadReceipt, signed, verified
from certificates.sources.delivery import Origin
from gateway.models import Delivery
from kit.issuing import issue
from tests.makers import make_certificate, make_gateway

PAGE = "/security/client-certificates/orders-client/"
FIRST, SECOND = issue("orders-client"), issue("orders-client")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@given(st.dictionaries(st.text(), _JSON))
def test_what_was_signed_is_verified_and_anything_else_is_not(receipt: dict[str, Any]) -> None:
    key = Ed25519PrivateKey.generate()
    public, file = key.public_key().public_bytes_raw(), signed(receipt, key)
    assert verified(file, key=public) == receipt
    changed = json.loads(file)
    changed["receipt"]["by"] = [receipt.get("by"), "somebody else"]
    with pytest.raises(BadReceipt, match="was changed after it was signed"):
        verified(json.dumps(changed), key=public)
    with pytest.raises(BadReceipt, match="signed by another key"):
        verified(signed(receipt, Ed25519PrivateKey.generate()), key=public)


@pytest.mark.parametrize(
    "file", ["", "[]", "{}", '{"receipt": {}, "signature": {"algorithm": "none", "public_key": "", "value": ""}}', "[" * 9999]
)
def test_what_is_no_receipt_is_told(file: str) -> None:
    with pytest.raises(BadReceipt, match="This is no signed receipt"):
        verified(file, key=b"\0" * 32)


@pytest.fixture
def receipt(db: None, publisher: User) -> Receipt:
    """Return the receipt of a switch that one gateway has acknowledged and another refused."""
    entry = make_certificate(issued=FIRST)
    candidate = rollout.propose(entry, SECOND.as_pfx(), by=publisher, now=timezone.now(), source=Origin.WATCHED)
    keeper.Tries().step()
    rollout.switch(candidate, by=publisher, now=timezone.now())
    made = Receipt.objects.get()
    now = timezone.now()
    Delivery.objects.create(gateway=make_gateway("north"), change=made.change, sent_at=now, applied_at=now)
    Delivery.objects.create(gateway=make_gateway("south"), change=made.change, sent_at=now, reason="no such key")
    return made


def _verify(file: Path, *more: str) -> dict[str, Any]:
    out = StringIO()
    call_command("receipts", "verify", str(file), "--json", *more, stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_a_receipt_tells_who_what_and_what_gateways_acknowledged(signed_in: Client, receipt: Receipt) -> None:
    words = signed_in.get(f"{PAGE}receipts/{receipt.change}/").content.decode()
    for told in ("publisher", "from its watched place", SECOND.thumbprint, "north", "south", "no such key", "1 → 2"):
        assert told in words
    entry = signed_in.get(PAGE).content.decode()
    assert f"receipts/{receipt.change}/" in entry
    assert "from its watched place" in entry


def test_a_downloaded_receipt_is_verified_and_a_tampered_one_refused(signed_in: Client, receipt: Receipt, tmp_path: Path) -> None:
    answer = signed_in.get(f"{PAGE}receipts/{receipt.change}/receipt.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    file = tmp_path / "receipt.json"
    file.write_bytes(answer.content)
    told = _verify(file)
    assert told["verified"]
    assert told["receipt"]["version"]["thumbprint"] == SECOND.thumbprint
    assert told["receipt"]["gateways"]["north"]["applied_at"]
    assert told["receipt"]["gateways"]["south"]["refused"] == "no such key"
    file.write_text(answer.content.decode().replace("publisher", "somebody"))
    with pytest.raises(CommandError, match="was changed after it was signed"):
        _verify(file)


def test_a_receipt_that_somebody_else_has_signed_is_refused(receipt: Receipt, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(signed({"entry": "orders-client"}, Ed25519PrivateKey.generate()))
    with pytest.raises(CommandError, match="signed by another key"):
        _verify(file)


def test_elsewhere_the_key_is_named(receipt: Receipt, tmp_path: Path) -> None:
    file, out = tmp_path / "receipt.json", StringIO()
    file.write_text(receipts.document_of(receipt))
    call_command("receipts", "key", "--json", stdout=out)
    key = json.loads(out.getvalue())["public_key"]
    ReceiptKey.objects.all().delete()
    assert _verify(file, "--key", key)["verified"]
    with pytest.raises(CommandError, match="signed by another key"):
        _verify(file, "--key", base64.b64encode(b"\1" * 32).decode())
    for nonsense in ("-", "AAAA"):
        with pytest.raises(CommandError, match="--key"):
            _verify(file, f"--key={nonsense}")


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=re.escape(f"{tmp_path}/none.json cannot be read: No such file or directory.")):
        _verify(tmp_path / "none.json")


def test_what_gateways_acknowledged_stays_when_it_is_forgotten_elsewhere(receipt: Receipt) -> None:
    keeper.Switches().step()
    Delivery.objects.all().delete()
    receipt.refresh_from_db()
    assert set(receipts.acknowledged(receipt)) == {"north", "south"}


def test_each_switch_has_a_receipt_the_simple_way_as_well(receipt: Receipt, publisher: User) -> None:
    entry = receipt.certificate
    actions.roll_back(entry, version=1, by=publisher, now=timezone.now())
    actions.roll_back(entry, version=1, by=publisher, now=timezone.now())
    newest, _ = Receipt.objects.all()
    assert newest.content["what"] == "rolled-back"
    assert newest.content["version"]["number"] == 1
    assert "tries" not in newest.content


def test_the_private_key_of_receipts_is_sealed_and_there_is_one(receipt: Receipt) -> None:
    assert receipts.public_key() == receipts.public_key()
    row = ReceiptKey.objects.get()
    assert row.unseal().value not in bytes(row.ciphertext)
