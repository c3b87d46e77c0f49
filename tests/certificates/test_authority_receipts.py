"""Receipts of trusted authorities: what a switch of them leaves behind."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials
from certificates.authorities import actions, switching
from certificates.authorities.keeper import AuthorityKeeper
from certificates.authorities.models import Authority, AuthorityReceipt
from certificates.rollout import keeper
from gateway.models import Delivery
from kit.issuing import issue
from kit.ports import free_ports
from tests.makers import bundle, make_api, make_authority, make_gateway

OLD, NEW = issue("Old CA", authority=True), issue("New CA", authority=True)
PAGE = "/security/trusted-authorities/ours/"


@pytest.fixture
def receipt(db: None, publisher: User) -> AuthorityReceipt:
    """Return the receipt of a switch that was tried, confirmed and acknowledged by a gateway."""
    entry = make_authority("ours", OLD)
    chosen = api_actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=OLD.pem)
    api = make_api("orders", service_url=f"https://127.0.0.1:{free_ports(1)[0]}")
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    candidate = switching.propose(entry, bundle(NEW), by=publisher, now=timezone.now())
    assert AuthorityKeeper().step()
    candidate.refresh_from_db()
    switching.switch(candidate, by=publisher, now=timezone.now())
    made = AuthorityReceipt.objects.get()
    Delivery.objects.create(gateway=make_gateway("north"), change=made.change, sent_at=made.at, applied_at=made.at)
    return made


def test_it_tells_who_what_the_try_and_what_gateways_acknowledged(signed_in: Client, receipt: AuthorityReceipt) -> None:
    address = f"{PAGE}receipts/{receipt.change}/"
    assert address in signed_in.get(PAGE).content.decode()
    page = signed_in.get(address).content.decode()
    for told in ("publisher", "1 → 2", NEW.thumbprint, OLD.thumbprint, "north", "Nobody answers at the address."):
        assert told in page


def test_its_signed_file_is_verified_offline_and_a_tampered_one_refused(
    signed_in: Client, receipt: AuthorityReceipt, tmp_path: Path
) -> None:
    answer = signed_in.get(f"{PAGE}receipts/{receipt.change}/receipt.json")
    (file := tmp_path / "receipt.json").write_bytes(answer.content)
    call_command("receipts", "verify", str(file), "--json", stdout=(out := StringIO()))
    told = json.loads(out.getvalue())["receipt"]
    assert (told["entry"], told["kind"], told["version"]["number"]) == ("ours", "authority", 2)
    assert told["tries"][0]["outcome"] == "unreachable"
    assert told["gateways"]["north"]["applied_at"]
    file.write_text(answer.content.decode().replace("publisher", "somebody"))
    with pytest.raises(CommandError, match="was changed after it was signed"):
        call_command("receipts", "verify", str(file))


def test_what_gateways_acknowledged_stays_when_it_is_forgotten_elsewhere(receipt: AuthorityReceipt) -> None:
    keeper.Switches().step()
    Delivery.objects.all().delete()
    receipt.refresh_from_db()
    assert set(receipt.gateways) == {"north"}


def test_each_switch_has_one_also_back(receipt: AuthorityReceipt, publisher: User) -> None:
    actions.roll_back(Authority.objects.get(), version=1, by=publisher, now=timezone.now())
    newest = AuthorityReceipt.objects.all()[0]
    assert (newest.content["what"], newest.content["version"]["number"]) == ("rolled-back", 1)
    assert "tries" not in newest.content
