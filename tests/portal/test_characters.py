"""Names that deceive whoever reads them, and private keys in wrong fields: refused, written out, never sent back."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apis.models import Api, Operation, Subscription
from certificates.models import ClientCertificate
from kit.issuing import issue, rsa_key
from portal.characters import deceives, shown
from portal.private_keys import holds_private_key
from rest import actions as rest_actions
from rest.models import AccessToken
from tests.makers import make_api, make_certificate
from tests.rest.conftest import Wire, token_for

pytestmark = pytest.mark.any_database

DECEIVING = {
    "NUL's kin": "\x1b",
    "a line": "\n",
    "DEL": "\x7f",
    "C1": "\x9b",
    "right to left": "\u202e",
    "an isolate": "\u2066",
    "no width": "\u200b",
    "joiner": "\u200d",
    "soft hyphen": "\xad",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "Hangul filler": "\u3164",
    "half-width filler": "\uffa0",
    "grapheme joiner": "\u034f",
    "variation": "\ufe0f",
    "tag": "\U000e0041",
    "Mongolian": "\u180e",
    "Braille blank": "\u2800",
}
each = pytest.mark.parametrize("character", DECEIVING.values(), ids=DECEIVING)


def test_letters_marks_and_signs_of_any_script_are_taken() -> None:
    for text in ("Bestellungen – Größe", "订单 API", "注文", "الطلبات", "ऑर्डर", "заказы", "e\u0301", "🙂", "名前　二"):
        assert [one for one in text if deceives(one)] == []
        assert shown(text) == text


@each
def test_pages_refuse_it_at_the_field_and_store_nothing(signed_in: Client, character: str) -> None:
    name = f"a{character}b"
    api = {"display_name": "x", "name": "x", "service_url": "https://example.com", "path": "x"}
    make_api("orders")
    operation = {"display_name": name, "method": "GET", "url_template": "/x"}
    subscription = {"display_name": "x", "name": "x", "scope": "all-apis"}
    tries = [("/apis/new/", api | {field: name}, field) for field in ("display_name", "name")]
    tries += [("/subscriptions/new/", subscription | {field: name}, field) for field in ("display_name", "name")]
    tries += [("/apis/orders/operations/new/", operation, "display_name")]
    for page, sent, field in tries:
        answer = signed_in.post(page, sent)
        assert answer.status_code == 422, (page, field)
        assert answer.context["form"].errors.keys() == {field}
    assert (Api.objects.count(), Subscription.objects.count(), Operation.objects.count()) == (1, 0, 1)


@each
def test_an_upload_and_a_token_are_not_called_so(signed_in: Client, publisher: User, character: str) -> None:
    file = io.BytesIO(issue("orders").pfx_file())
    file.name = "orders.pfx"
    answer = signed_in.post("/security/client-certificates/upload/", {"file": file, "password": "secret", "name": f"a{character}b"})
    assert answer.status_code == 422
    token = {"name": f"a{character}b", "user": "publisher", "role": "", "days": "30", "kind": "bearer"}
    assert signed_in.post("/access-tokens/new/", token).status_code in {403, 422}
    with pytest.raises(CommandError, match="not seen"):
        call_command("token", "create", "--user", "publisher", "--name", f"a{character}b")
    assert not ClientCertificate.objects.exists()
    assert not AccessToken.objects.exists()


@each
def test_rest_and_import_refuse_it(publisher: User, character: str, tmp_path: Path) -> None:
    wire = Wire(token_for(publisher))
    api = {"displayName": "x", "serviceUrl": "https://example.com", "path": "x", "protocols": ["https"]}
    sent: list[tuple[str, dict[str, Any]]] = [
        ("apis/x", api | {"displayName": f"a{character}b"}),
        ("subscriptions/x", {"displayName": f"a{character}b", "scope": "/apis"}),
        ("backends/x", {"title": f"a{character}b", "url": "https://example.com", "protocol": "http"}),
    ]
    for path, properties in sent:
        assert wire.put(path, properties).status_code == 400, path
    if character not in "\n\x1b":
        assert wire.put(f"apis/a{character}b", api).status_code == 400
    file = tmp_path / "import.json"
    entry = {"name": "x", "display_name": f"a{character}b", "service_url": "https://example.com", "path": "x"}
    file.write_text(json.dumps({"apis": [entry]}))
    with pytest.raises(CommandError):
        call_command("import", str(file))
    assert not Api.objects.exists()
    assert not Subscription.objects.exists()


def test_what_was_named_so_before_is_written_out_on_the_console(publisher: User) -> None:
    rest_actions.create_token(publisher, name="evil\x1b[2J\nforged \u202ename\x9b", by=None, now=timezone.now())
    said = io.StringIO()

    call_command("token", "list", stdout=said)

    assert said.getvalue().count("\n") == 1
    assert "evil\\x1b[2J\\nforged \\u202ename\\x9b" in said.getvalue()


def test_a_subject_shows_them_written_out_and_the_entry_is_named_without(signed_in: Client) -> None:
    make_certificate("", issue("ord\u202eers\u200b\x1bclient"))
    entry = ClientCertificate.objects.get()

    page = signed_in.get(f"/security/client-certificates/{entry.name}/").content.decode()

    assert [one for one in entry.name if deceives(one)] == []
    assert "ord\\u202eers\\u200b\\x1bclient" in page
    assert [one for one in page if deceives(one) and one not in "\n\t"] == []


KEY = rsa_key()
CURVE = ec.generate_private_key(ec.SECP256R1())
PKCS8 = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
BODY = "".join(PKCS8.splitlines()[1:-1])
SPELLINGS: dict[str, Callable[[], str]] = {
    "as it should be": lambda: PKCS8,
    "small letters": lambda: PKCS8.replace("BEGIN PRIVATE KEY", "begin private key"),
    "a tab": lambda: PKCS8.replace("BEGIN PRIVATE KEY", "BEGIN\tPRIVATE\tKEY"),
    "another kind": lambda: PKCS8.replace("BEGIN PRIVATE", "BEGIN RSA2 PRIVATE"),
    "letters missing": lambda: PKCS8.replace("PRIVATE KEY", "PRIVTE KY"),
    "as a certificate": lambda: PKCS8.replace("PRIVATE KEY", "CERTIFICATE"),
    "no heading": lambda: BODY,
    "no heading, indented": lambda: "\n   ".join(PKCS8.splitlines()[1:-1]),
    "four dashes": lambda: PKCS8.replace("PRIVATE KEY", "KEY").replace("-----", "----"),
    "PKCS #1": lambda: KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode().replace("PRIVATE", "X"),
    "SEC 1": lambda: CURVE.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode().replace("PRIVATE", "X"),
    "a curve's": lambda: CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().replace("PRIVATE", "X"),
    "encrypted": lambda: (
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")).decode().replace("PRIVATE", "X")
    ),
    "OpenSSH": lambda: CURVE.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode().replace("PRIVATE", "X"),
    "JSON": lambda: json.dumps(
        {"kty": "EC", "d": base64.urlsafe_b64encode(CURVE.private_numbers().private_value.to_bytes(32, "big")).decode()}
    ),
    "after a certificate": lambda: issue("ca", authority=True).pem + PKCS8.replace("PRIVATE", "PRIVAT"),
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_a_private_key_in_a_wrong_field_is_never_sent_back(signed_in: Client, spelled: Callable[[], str]) -> None:
    key = spelled()
    lines = [line.strip() for line in key.splitlines() if len(line) > 40 and line.strip() not in issue("x").pem]
    secret = (lines or [key])[-2 if len(lines) > 2 else -1]
    make_api("orders")
    sent = {"credentials": "none", "protocol": "auto", "validate_certificate_chain": "on", "validate_certificate_name": "on"}
    api = {"display_name": "x", "name": "x", "service_url": "https://example.com", "path": "x"}

    answers = [signed_in.post("/apis/orders/security/", sent | {"trusted_ca": key})]
    answers += [
        signed_in.post("/apis/new/", api | {field: key}) for field in ("display_name", "name", "service_url", "path", "description")
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert secret not in answer.content.decode()
    assert Api.objects.count() == 1
    assert Api.objects.get().trusted_ca == ""


def test_certificates_and_ordinary_words_are_no_private_keys(signed_in: Client) -> None:
    for text in (
        issue("a").pem,
        issue("b", authority=True).pem,
        KEY.public_key().public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
    ):
        assert not holds_private_key(text)
    for words in ("Keys of MIT and MIA are private to the MICE", "not PEM", base64.b64encode(bytes(range(256))).decode(), "{'d': 'x'}"):
        assert not holds_private_key(words)
    make_api("orders")
    damaged = issue("ca", authority=True).pem.replace("M", "N", 1)
    answer = signed_in.post("/apis/orders/security/", {"credentials": "none", "protocol": "auto", "trusted_ca": damaged})
    assert answer.status_code == 422
    assert damaged.splitlines()[2] in answer.content.decode()  # what was typed is kept
