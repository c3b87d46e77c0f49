"""Upload certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from certificates import problems
from certificates.models import CertificateVersion, ClientCertificate
from certificates.pfx import MOST_BYTES, Problem, UnreadablePfx, opening
from certificates.sealing import Secret
from portal.models import Activity, Event
from tests.certificates import files
from tests.makers import issue, make_certificate
from tests.types import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
UPLOAD = "/security/client-certificates/upload/"
CLIENT = issue("Orders Client", by=issue("root", authority=True), hosts=("orders.example.com",))


def send(client: Client, file: bytes, password: str = "secret", **more: str) -> Page:
    """Send the form."""
    return client.post(UPLOAD, {"file": SimpleUploadedFile("client.pfx", file), "password": password, **more})


def test_a_certificate_is_stored_and_its_page_says_so(signed_in: Client, publisher: User) -> None:
    answer = send(signed_in, CLIENT.pfx_file())
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/security/client-certificates/orders-client/"
    version = CertificateVersion.objects.get()
    assert (version.thumbprint, version.created_by) == (CLIENT.thumbprint, publisher)
    assert version.unseal() == Secret(CLIENT.key_der)
    page = signed_in.get(answer.headers["Location"])
    assert b"orders-client was uploaded." in page.content
    line = Activity.objects.get(kind="certificate")
    assert (line.event, line.actor, line.details["thumbprint"]) == (Event.CERTIFICATE_UPLOADED, publisher, CLIENT.thumbprint)


def test_a_chosen_name_is_kept_exactly(signed_in: Client) -> None:
    assert send(signed_in, CLIENT.pfx_file(), name="Billing 2027 · 订单").status_code == 303
    assert ClientCertificate.objects.get().name == "Billing 2027 · 订单"


@pytest.mark.parametrize(
    ("common_name", "expected"),
    [
        ("billing.gateway.example.com", "billing.gateway.example.com"),
        ("*.example.com", "example.com"),
        ("订单客户端", "订单客户端"),
        ("Jörg / Größe #1", "jörg-größe-1"),
        ("..", "certificate"),
        ("upload", "upload-2"),
        ("x" * 64, "x" * 64),
        ("", "certificate"),
    ],
)
def test_without_a_name_one_is_made_from_the_common_name(signed_in: Client, common_name: str, expected: str) -> None:
    issued = issue(common_name) if common_name else issue("\N{WHITE SMILING FACE}")
    answer = send(signed_in, issued.pfx_file())
    assert ClientCertificate.objects.get().name == expected
    assert signed_in.get(answer.headers["Location"]).status_code == 200


def test_made_names_do_not_collide(signed_in: Client) -> None:
    for _ in range(3):
        assert send(signed_in, issue("orders").pfx_file()).status_code == 303
    assert set(ClientCertificate.objects.values_list("name", flat=True)) == {"orders", "orders-2", "orders-3"}


def test_a_wrong_password_is_an_error_at_the_password_and_stores_nothing(signed_in: Client) -> None:
    page = send(signed_in, CLIENT.pfx_file(), "wr0ng-one", name="kept")
    assert page.status_code == 422
    assert page.context["form"].errors == {"password": ["The password is not correct for this file."]}
    assert b"<title>Error: Upload certificate" in page.content
    assert b"wr0ng-one" not in page.content
    assert b'value="kept"' in page.content
    assert not ClientCertificate.objects.exists()
    assert not Activity.objects.filter(kind="certificate").exists()


@pytest.mark.parametrize("password", ["", " a b ", "x" * 1000, "密码🔑"], ids=ascii)
def test_a_password_is_taken_exactly_as_typed(signed_in: Client, password: str) -> None:
    assert send(signed_in, CLIENT.pfx_file(password), password).status_code == 303


def test_an_expired_certificate_is_accepted_with_a_warning(signed_in: Client) -> None:
    now = datetime.now(UTC)
    expired = issue("old", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    answer = send(signed_in, expired.pfx_file())
    assert b"This certificate has expired" in signed_in.get(answer.headers["Location"]).content


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"", "The file is empty."),
        (CLIENT.pem.encode(), "no private key"),
        (CLIENT.der, "This is a certificate without its private key"),
        (b"\xfe\xed\xfe\xed", "keytool -importkeystore"),
        (b"PK\x03\x04", "ZIP archive"),
        (b"hello", "not a .pfx"),
        (CLIENT.pfx_file()[:-40], "cut off"),
        (files.certificates_only(CLIENT), "no private key"),
        (files.key_with(CLIENT), "no certificate that belongs to it"),
        (b"0" * (MOST_BYTES + 1), "larger than 256 KiB"),
        (b"0" * 5_000_000, "larger than 256 KiB"),
        (files.with_mac_iterations(CLIENT.pfx_file(), 2**31 - 1), "too much work"),
    ],
    ids=[
        "empty",
        "PEM without a key",
        "DER",
        "JKS",
        "ZIP",
        "text",
        "truncated",
        "no key",
        "no certificate",
        "large",
        "very large",
        "too much work",
    ],
)
def test_a_file_that_does_not_do_says_what_to_do(signed_in: Client, file: bytes, sentence: str) -> None:
    page = send(signed_in, file)
    assert page.status_code == 422
    assert sentence in str(page.context["form"].errors["file"])
    assert not ClientCertificate.objects.exists()


def test_no_file_at_all_is_an_error_at_the_file(signed_in: Client) -> None:
    page = signed_in.post(UPLOAD, {"password": "secret"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"file"}


def test_several_mistakes_are_reported_together(signed_in: Client) -> None:
    page = signed_in.post(UPLOAD, {"name": "a/b", "password": "x" * 5000})
    assert set(page.context["form"].errors) == {"file", "name", "password"}


@pytest.mark.parametrize("name", ["a/b", "a*b", "upload", ".", "..", "x" * 81, "a#b", "a?b", "a\nb"])
def test_names_that_cannot_stand_in_an_address_are_refused(signed_in: Client, name: str) -> None:
    page = send(signed_in, CLIENT.pfx_file(), name=name)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"name"}


def test_a_second_upload_names_and_links_the_entry_that_holds_it(signed_in: Client) -> None:
    make_certificate("first", CLIENT)
    page = send(signed_in, CLIENT.pfx_file("other"), "other")
    assert page.status_code == 422
    assert page.context["form"].errors == {"file": ["This certificate is already uploaded as first."]}
    assert b'href="/security/client-certificates/first/"' in page.content
    assert ClientCertificate.objects.count() == 1


def test_a_taken_name_is_an_error_at_the_name(signed_in: Client) -> None:
    make_certificate("taken")
    page = send(signed_in, CLIENT.pfx_file(), name="taken")
    assert page.status_code == 422
    assert page.context["form"].errors == {"name": ["There is already a certificate named taken."]}


@pytest.mark.parametrize("name", ["Taken", "TAKEN", "größe", "GRÖSSE", "Gro\u0308ße"])
def test_names_that_differ_by_case_or_composition_alone_are_one_name(signed_in: Client, name: str) -> None:
    make_certificate("taken", issue("one"))
    make_certificate("Größe", issue("two"))
    page = send(signed_in, CLIENT.pfx_file(), name=name)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"name"}
    assert signed_in.get(f"/security/client-certificates/{name}/").status_code == 200


def test_the_database_itself_keeps_such_names_apart() -> None:
    make_certificate("taken")
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientCertificate.objects.bulk_create([ClientCertificate(name="TAKEN", created_at=datetime.now(UTC))])


def test_a_made_name_does_not_collide_with_one_in_another_case(signed_in: Client) -> None:
    make_certificate("ORDERS")
    send(signed_in, issue("orders").pfx_file())
    assert set(ClientCertificate.objects.values_list("name", flat=True)) == {"ORDERS", "orders-2"}


def test_certificate_and_key_are_taken_as_two_files(signed_in: Client) -> None:
    fields = {"file": SimpleUploadedFile("client.crt", CLIENT.pem.encode()), "key": SimpleUploadedFile("client.key", CLIENT.key_der)}
    assert signed_in.post(UPLOAD, fields).status_code == 303
    assert CertificateVersion.objects.get().unseal() == Secret(CLIENT.key_der)


def test_pasted_pem_is_taken(signed_in: Client) -> None:
    assert signed_in.post(UPLOAD, {"pem": CLIENT.pem + CLIENT.key_pem}).status_code == 303
    assert CertificateVersion.objects.get().thumbprint == CLIENT.thumbprint


def test_a_file_and_a_text_at_once_are_refused_at_the_text_and_nothing_is_stored(signed_in: Client) -> None:
    answer = send(signed_in, CLIENT.pfx_file(), pem=CLIENT.pem + CLIENT.key_pem)
    assert answer.status_code == 422
    assert answer.context["form"].errors["pem"] == ["Choose a file or paste text, not both: leave one of them empty."]
    assert not ClientCertificate.objects.exists()


def test_an_encrypted_key_without_its_password_asks_for_it(signed_in: Client) -> None:
    encryption = serialization.BestAvailableEncryption(b"secret")
    key = CLIENT.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()
    answer = signed_in.post(UPLOAD, {"pem": CLIENT.pem + key})
    assert answer.context["form"].errors == {"password": ["The private key is encrypted: enter the password it was encrypted with."]}


def test_what_is_wrong_with_pasted_pem_is_said_there_and_the_key_is_not_shown_again(signed_in: Client) -> None:
    page = signed_in.post(UPLOAD, {"pem": issue("other").pem + CLIENT.key_pem})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"pem"}
    assert CLIENT.key_pem.splitlines()[1].encode() not in page.content
    assert set(signed_in.post(UPLOAD, {"pem": "x" * (MOST_BYTES + 1)}).context["form"].errors) == {"pem"}
    assert not ClientCertificate.objects.exists()


def test_a_busy_portal_asks_to_try_again(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.01)
    for _ in range(opening.AT_ONCE):
        opening._turns.acquire()  # noqa: SLF001 - the queue itself
    try:
        page = send(signed_in, CLIENT.pfx_file())
    finally:
        for _ in range(opening.AT_ONCE):
            opening._turns.release()  # noqa: SLF001
    assert page.status_code == 429
    assert b"try again" in page.content


def test_a_viewer_may_not_upload(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert client.get(UPLOAD).status_code == 403
    assert send(client, CLIENT.pfx_file()).status_code == 403
    assert not ClientCertificate.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_problem_has_a_sentence_of_its_own(language: str) -> None:
    with translation.override(language):
        sentences = {problems.sentence(UnreadablePfx(problem)) for problem in Problem}
        sentences |= {problems.sentence(UnreadablePfx(Problem.DER, detail)) for detail in ("certificate", "key", "bundle")}
        named = problems.sentence(UnreadablePfx(Problem.UNUSABLE_KEY, "Ed448"))
    assert len(sentences) == len(Problem) + 3
    assert "Ed448" in named
    assert not any("%(" in sentence for sentence in sentences | {named})
