"""Receipts: what a switch leaves behind, and that nobody changes it unnoticed."""

from __future__ import annotations

import base64
import json
import re
import uuid
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apis.models import Api
from apis.policy.failure import Failure
from certificates import actions
from certificates.models import CertificateVersion
from certificates.rollout import actions as rollout
from certificates.rollout import keeper, receipts
from certificates.rollout.models import Receipt, ReceiptKey
from certificates.rollout.signing import BadReceipt, signed, verified
from certificates.sources.delivery import Origin
from gateway.control import counting
from gateway.counts import VersionCount
from gateway.models import Delivery
from gateway.seeing.readings import Reading, Unanswered
from kit.issuing import issue
from tests.makers import make_api, make_certificate, make_gateway

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
    ("there", "instead"),
    [
        ('"entry": "orders"', '"entry": "payments", "entry": "orders"'),  # people read the first, programs the last
        ('"receipt": {', '"receipt": {"entry": "payments"}, "receipt": {'),
        ('"receipt": {', '"confirmed": "by the head of security", "receipt": {'),
        ('"algorithm":', '"signed_by": "the head of security", "algorithm":'),
    ],
)
def test_what_was_added_to_a_file_and_signed_by_nobody_is_refused(there: str, instead: str) -> None:
    key = Ed25519PrivateKey.generate()
    file = signed({"entry": "orders"}, key)
    assert there in file
    with pytest.raises(BadReceipt):
        verified(file.replace(there, instead), key=key.public_key().public_bytes_raw())


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


def _counted(version: int, api: Api, *moments: datetime, counter: str = "2xx") -> None:
    """Have a call counted at each of these *moments*, as gateways report them."""
    thumbprint, series = CertificateVersion.objects.get(number=version).thumbprint, f"api-{api.pk}"
    for at in moments:
        reading = Reading(envoy=str(uuid.uuid4()), number=1, series={series: {counter: 1}}, presented={series: thumbprint})
        with transaction.atomic():
            counting.write("north", reading, at=at)


def _signed_calls(client: Client, change: int) -> Any:
    file = client.get(f"{PAGE}receipts/{change}/receipt.json").content.decode()
    return verified(file, key=receipts.public_key())["calls"]


def test_a_receipt_tells_the_first_call_with_the_new_version_and_the_last_with_the_old(signed_in: Client, receipt: Receipt) -> None:
    orders, invoices = make_api("orders"), make_api("invoices")
    assert "none yet" in signed_in.get(f"{PAGE}receipts/{receipt.change}/").content.decode()
    assert _signed_calls(signed_in, receipt.change) == {"first_with_new": None, "last_with_old": None}
    at = receipt.at
    before, first, slow = at - timedelta(days=1), at + timedelta(seconds=1), at + timedelta(seconds=4)
    _counted(1, orders, before, at)
    _counted(2, invoices, first, at + timedelta(minutes=9))
    _counted(1, invoices, slow)  # one that was under way
    _counted(2, orders, at + timedelta(hours=3))
    told = {
        "first_with_new": {"api": "invoices", "at": first.isoformat()},
        "last_with_old": {"api": "invoices", "at": slow.isoformat()},
    }
    assert _signed_calls(signed_in, receipt.change) == told
    page = signed_in.get(f"{PAGE}receipts/{receipt.change}/").content.decode()
    assert f"{first:%H:%M:%S} UTC" in page
    assert f"{slow:%H:%M:%S} UTC" in page


def test_calls_that_no_back_end_was_sent_are_no_calls_with_a_version(signed_in: Client, receipt: Receipt) -> None:
    api, kind = make_api("orders"), Failure.UNREACHABLE
    unanswered = Unanswered(route="orders", presented=SECOND.thumbprint, kind=kind, status=502, flags="UF")
    _counted(2, api, receipt.at + timedelta(seconds=1), counter=str(unanswered))
    assert VersionCount.objects.filter(no_answer=1).exists()
    assert _signed_calls(signed_in, receipt.change)["first_with_new"] is None


def test_a_version_that_is_put_back_within_the_minute_has_its_calls_in_both_receipts(
    signed_in: Client, receipt: Receipt, publisher: User
) -> None:
    orders, at = make_api("orders"), receipt.at
    second = timedelta(seconds=1)
    _counted(1, orders, at - second)
    _counted(2, orders, at + second, at + 2 * second)
    actions.roll_back(receipt.certificate, version=1, by=publisher, now=at + 3 * second)
    back = Receipt.objects.get(at=at + 3 * second)
    _counted(1, orders, at + 4 * second)
    keeper.Switches().step()
    first, second_one = (_signed_calls(signed_in, one.change) for one in (receipt, back))
    assert first["first_with_new"]["at"] == (at + second).isoformat()
    assert second_one["last_with_old"]["at"] == (at + 2 * second).isoformat()
    assert second_one["first_with_new"]["at"] == (at + 4 * second).isoformat()


def test_of_a_step_the_canarys_calls_are_told(signed_in: Client, receipt: Receipt) -> None:
    orders, invoices, at = make_api("orders"), make_api("invoices"), receipt.at
    Receipt.objects.update(content=receipt.content | {"canary": "orders"})
    _counted(1, orders, at + timedelta(seconds=1))
    _counted(1, invoices, at + timedelta(seconds=30))  # goes on with the version before
    assert _signed_calls(signed_in, receipt.change)["last_with_old"] == {"api": "orders", "at": (at + timedelta(seconds=1)).isoformat()}


def test_what_was_seen_of_calls_stays_when_counts_are_trimmed(signed_in: Client, receipt: Receipt) -> None:
    _counted(2, make_api("orders"), receipt.at + timedelta(seconds=1))
    keeper.Switches().step()
    VersionCount.objects.all().delete()
    assert _signed_calls(signed_in, receipt.change)["first_with_new"]["api"] == "orders"


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
