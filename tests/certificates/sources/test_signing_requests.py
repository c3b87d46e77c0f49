"""Signing requests: a key is made here, the request is downloaded, and what the authority returns becomes the entry's certificate."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis.actions import ApiSecurity, secure_api
from apis.models import Credentials
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout.actions import plan, propose, set_rules
from certificates.rollout.models import When
from certificates.sources import actions
from certificates.sources.models import SigningRequest
from kit.issuing import rsa_key
from portal.models import Activity, Event
from tests.makers import Issued, issue, make_api, make_certificate, make_signing_request
from tests.types import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
LIST = "/security/client-certificates/"
REQUEST = f"{LIST}request/"
AUTHORITY = issue("Example Root", authority=True)
INTERMEDIATE = issue("Example Issuing", authority=True, by=AUTHORITY)
ASKED = {"name": "orders-client", "subject": "CN=orders,O=Example", "key": "ec-p256"}


def signed(request: x509.CertificateSigningRequest, *, by: Issued = INTERMEDIATE, ended: bool = False) -> x509.Certificate:
    """Return the certificate that an authority issues for a request."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(by.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=-1 if ended else 365))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(by.key, hashes.SHA256())
    )


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def asked(client: Client, **values: str) -> x509.CertificateSigningRequest:
    """Make a request and download it."""
    answer = client.post(REQUEST, {**ASKED, **values})
    assert answer.status_code == 303, answer.content.decode()
    return x509.load_pem_x509_csr(client.get(answer.headers["Location"].removesuffix("request/") + "request.csr").content)


def bring(client: Client, content: bytes, name: str = "orders-client") -> Page:
    """Bring what the authority has returned, as a file."""
    return client.post(f"{LIST}{name}/answer/", {"certificate": SimpleUploadedFile("answer", content)})


def complaint(page: Page, field: str = "certificate") -> str:
    assert page.status_code == 422
    return str(page.context["form"].errors[field][0])


def test_a_request_asks_for_what_was_typed_and_for_client_authentication(signed_in: Client) -> None:
    request = asked(
        signed_in, subject="CN=Orders Client, OU=Integration, O=Example, C=DE", names="orders.example.com\nops@example.com 10.0.0.1"
    )
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Orders Client,OU=Integration,O=Example,C=DE"
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["orders.example.com", "ops@example.com", "10.0.0.1"]
    assert list(request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize(
    ("key", "is_right"),
    [
        ("rsa-2048", lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048),
        ("rsa-3072", lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 3072),
        ("rsa-4096", lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 4096),
        ("ec-p256", lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"),
        ("ec-p384", lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1"),
    ],
)
def test_the_key_is_of_the_kind_that_was_chosen(signed_in: Client, key: str, is_right: Callable[[object], bool]) -> None:
    assert is_right(asked(signed_in, key=key).public_key())


def test_the_key_is_sealed_and_no_page_shows_it(signed_in: Client) -> None:
    asked(signed_in)
    row = SigningRequest.objects.get()
    key = row.unseal().value
    assert load_der_private_key(key, None).public_key() == x509.load_der_x509_csr(bytes(row.der)).public_key()
    secret = key[-40:]
    assert secret not in bytes(row.ciphertext)
    for page in ("orders-client/request/", "orders-client/request.csr", "", "orders-client/request/discard/"):
        content = signed_in.get(f"{LIST}{page}").content
        assert secret not in content
        assert b"PRIVATE KEY" not in content


def test_the_list_names_requests_that_wait(signed_in: Client) -> None:
    asked(signed_in)
    assert f'href="{LIST}orders-client/request/"' in signed_in.get(LIST).content.decode()
    leads = signed_in.get(f"{LIST}orders-client/")
    assert (leads.status_code, leads.headers["Location"]) == (302, f"{LIST}orders-client/request/")


FORMS: dict[str, Callable[[x509.Certificate], bytes]] = {
    "PEM": pem,
    "PEM with its chain": lambda one: pem(one, INTERMEDIATE.certificate, AUTHORITY.certificate),
    "PEM with the chain first": lambda one: pem(AUTHORITY.certificate, INTERMEDIATE.certificate, one),
    "DER": lambda one: one.public_bytes(Encoding.DER),
    "PKCS#7, DER": lambda one: pkcs7.serialize_certificates([INTERMEDIATE.certificate, one], Encoding.DER),
    "PKCS#7, PEM": lambda one: pkcs7.serialize_certificates([INTERMEDIATE.certificate, one], Encoding.PEM),
    "PKCS#7 as Windows writes it": lambda one: pkcs7.serialize_certificates([one], Encoding.PEM).replace(b"PKCS7", b"CERTIFICATE"),
    "PKCS#7, base64 alone": lambda one: b"".join(pkcs7.serialize_certificates([one], Encoding.PEM).splitlines()[1:-1]),
    "text of Windows": lambda one: "\ufeff".encode("utf-16-le") + pem(one).decode().replace("\n", "\r\n").encode("utf-16-le"),
    "with words around it": lambda one: b"Here it is:\n" + pem(one) + b"Regards\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_signed_certificate_becomes_a_new_entry_in_whatever_form_it_comes(signed_in: Client, publisher: User, form: str) -> None:
    certificate = signed(asked(signed_in))
    key = SigningRequest.objects.get().unseal()
    answer = bring(signed_in, FORMS[form](certificate))
    assert (answer.status_code, answer.headers.get("Location")) == (303, f"{LIST}orders-client/")
    entry = ClientCertificate.objects.get(name="orders-client")
    assert entry.current is not None
    assert bytes(entry.current.der) == certificate.public_bytes(Encoding.DER)
    assert entry.current.unseal() == key
    assert entry.current.created_by == publisher
    assert not SigningRequest.objects.exists()
    assert Activity.objects.get(event=Event.CERTIFICATE_UPLOADED).details["source"] == "signing-request"


def test_the_chain_that_comes_along_is_presented_in_order(signed_in: Client) -> None:
    bring(signed_in, pem(AUTHORITY.certificate, INTERMEDIATE.certificate, signed(asked(signed_in))))
    entry = ClientCertificate.objects.get()
    assert entry.current is not None
    assert entry.current.chain_der == (INTERMEDIATE.der, AUTHORITY.der)


def test_pasted_text_does_as_well(signed_in: Client) -> None:
    certificate = signed(asked(signed_in))
    assert signed_in.post(f"{LIST}orders-client/answer/", {"pem": pem(certificate).decode()}).status_code == 303
    assert ClientCertificate.objects.filter(name="orders-client").exists()


def test_openssl_reads_the_request_and_signs_it(signed_in: Client, tmp_path: Path) -> None:
    asked(signed_in, key="rsa-2048")
    (tmp_path / "request.csr").write_bytes(signed_in.get(f"{LIST}orders-client/request.csr").content)
    (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
    (tmp_path / "ca.key").write_text(AUTHORITY.key_pem)
    command = "openssl x509 -req -in request.csr -CA ca.pem -CAkey ca.key -days 30 -copy_extensions copyall -out signed.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "signed.pem", "-certfile", "ca.pem", "-out", "signed.p7b"], cwd=tmp_path, check=True
    )
    assert bring(signed_in, (tmp_path / "signed.p7b").read_bytes()).status_code == 303
    version = ClientCertificate.objects.get().current
    assert version is not None
    assert version.path[0].purposes == ("clientAuth",)


MISTAKES: dict[str, tuple[Callable[[x509.CertificateSigningRequest], bytes], str]] = {
    "the request itself": (lambda request: request.public_bytes(Encoding.PEM), "This is the signing request itself"),
    "the request itself, DER": (lambda request: request.public_bytes(Encoding.DER), "This is the signing request itself"),
    "another certificate": (lambda _: pem(issue("somebody-else").certificate), "(CN=somebody-else, O=Example) belongs to another key"),
    "only the chain": (lambda _: pem(INTERMEDIATE.certificate, AUTHORITY.certificate), "certificates of authorities alone"),
    "only the chain, PKCS#7": (
        lambda _: pkcs7.serialize_certificates([INTERMEDIATE.certificate, AUTHORITY.certificate], Encoding.DER),
        "certificates of authorities alone",
    ),
    "an expired certificate": (lambda request: pem(signed(request, ended=True)), "The certificate expired on "),
    "a private key": (lambda _: issue().key_pem.encode(), "This holds a private key."),
    "a private key, DER": (lambda _: issue().key_der, "This holds a private key."),
    "a .pfx file": (lambda _: issue().pfx_file(), "This holds a private key."),
    "nothing": (lambda _: b"", "The file is empty."),
    "words": (lambda _: b"Your certificate is ready. Please sign in to download it.", "This is no certificate."),
    "a web page": (lambda _: b"<!doctype html><title>Sign in</title>", "This is no certificate."),
    "a ZIP archive": (lambda _: b"PK\x03\x04" + bytes(40), "This is a ZIP archive."),
    "half of it": (lambda request: pem(signed(request))[:300], "The file is cut off"),
    "half of it, DER": (lambda request: signed(request).public_bytes(Encoding.DER)[:300], "The file is cut off"),
    "too much": (lambda _: b"0" * 300_000, "The file is larger than 256 KiB."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_no_answer_is_refused_with_a_sentence_and_the_request_waits_on(signed_in: Client, mistake: str) -> None:
    content, words = MISTAKES[mistake]
    page = bring(signed_in, content(asked(signed_in)))
    assert words in complaint(page)
    assert SigningRequest.objects.exists()
    assert not ClientCertificate.objects.exists()


def test_neither_file_nor_text_and_both_are_refused(signed_in: Client) -> None:
    certificate = pem(signed(asked(signed_in)))
    assert signed_in.post(f"{LIST}orders-client/answer/", {}).status_code == 422
    both = {"certificate": SimpleUploadedFile("answer", certificate), "pem": certificate.decode()}
    assert "not both" in complaint(signed_in.post(f"{LIST}orders-client/answer/", both), "pem")
    assert SigningRequest.objects.exists()


def test_a_pasted_key_does_not_come_back(signed_in: Client) -> None:
    asked(signed_in)
    page = signed_in.post(f"{LIST}orders-client/answer/", {"pem": issue().key_pem})
    assert complaint(page, "pem").startswith("This holds a private key.")
    assert b"PRIVATE KEY" not in page.content


def test_an_entry_is_renewed_with_what_its_certificate_says(signed_in: Client) -> None:
    make_certificate(issued=issue("Orders Client", hosts=("orders.example.com", "10.0.0.1"), key=rsa_key()))
    page = signed_in.get(f"{REQUEST}?name=orders-client")
    assert page.context["form"].initial == {
        "name": "orders-client",
        "subject": "CN=Orders Client, O=Example",
        "names": "orders.example.com\n10.0.0.1",
        "key": "rsa-2048",
    }
    request = asked(signed_in, **page.context["form"].initial)
    assert b"A signing request for the next version waits" in signed_in.get(f"{LIST}orders-client/").content
    certificate = signed(request)
    assert bring(signed_in, pem(certificate)).status_code == 303
    entry = ClientCertificate.objects.get(name="orders-client")
    assert entry.current is not None
    assert (entry.current.number, entry.current.subject) == (2, "CN=Orders Client, O=Example")
    line = Activity.objects.get(event=Event.CERTIFICATE_REPLACED)
    assert (line.details["version"], line.details["source"]) == (2, "signing-request")


def test_an_entry_has_one_request_at_a_time(signed_in: Client) -> None:
    asked(signed_in)
    page = signed_in.post(REQUEST, {**ASKED, "name": "ORDERS-client"})
    assert "waits for its certificate already" in complaint(page, "name")
    assert f'href="{LIST}orders-client/request/"' in page.content.decode()
    assert SigningRequest.objects.count() == 1


def test_without_a_name_the_common_name_gives_one(signed_in: Client) -> None:
    assert signed_in.post(REQUEST, {**ASKED, "name": "", "subject": "CN=Orders Client,O=Example"}).status_code == 303
    assert SigningRequest.objects.get().name == "orders-client"


def test_what_was_typed_stays_where_something_is_wrong(signed_in: Client) -> None:
    page = signed_in.post(REQUEST, {"name": "orders", "subject": "CN=orders,O=Example", "names": "not a host!", "key": "ec-p384"})
    assert complaint(page, "names") == "“host!” is no host name, IP address, e-mail address or URI."
    content = page.content.decode()
    assert 'value="CN=orders,O=Example"' in content
    assert '<option value="ec-p384" selected>' in content
    assert not SigningRequest.objects.exists()


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("", "Say whom the certificate is for"),
        ("orders", "“orders” does not say what it is"),
        ("/CN=orders/O=Example", "does not say what it is"),
        ("CN=orders,company=Example", "The type of “company=Example” is not known"),
        ("CN=orders,C=Germany", "“C=Germany”: a country has two letters"),
        ("CN=", "“CN=” cannot stand in a certificate"),
        (f"CN={'x' * 65}", "cannot stand in a certificate"),
        ('CN="orders"', "cannot stand in a certificate"),
        ("CN=orders\u202e", "U+202E"),
    ],
)
def test_a_subject_that_no_certificate_can_have_is_refused(signed_in: Client, subject: str, words: str) -> None:
    assert words in complaint(signed_in.post(REQUEST, {**ASKED, "subject": subject}), "subject")
    assert not SigningRequest.objects.exists()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("Bücher.example", ["xn--bcher-kva.example"]),
        ("*.Example.com, 2001:db8::1;spiffe://example.com/orders", ["*.example.com", "2001:db8::1", "spiffe://example.com/orders"]),
    ],
)
def test_alternative_names_are_taken_as_people_write_them(signed_in: Client, names: str, expected: list[str]) -> None:
    request = asked(signed_in, subject="", names=names)
    extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(name.value) for name in extension.value] == expected
    assert extension.critical


def test_a_server_certificate_is_asked_for_as_such(signed_in: Client) -> None:
    pages = "/security/server-certificates/"
    answer = signed_in.post(f"{pages}request/", {"subject": "", "names": "api.example.com", "key": "ec-p256"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{pages}api.example.com/request/")
    request = x509.load_pem_x509_csr(signed_in.get(f"{pages}api.example.com/request.csr").content)
    assert list(request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    sent = {"certificate": SimpleUploadedFile("answer", pem(signed(request)))}
    assert signed_in.post(f"{pages}api.example.com/answer/", sent).status_code == 303
    assert ServerCertificate.objects.filter(name="api.example.com").exists()
    assert not ClientCertificate.objects.exists()


def test_a_discarded_request_is_gone_with_its_key(signed_in: Client, publisher: User) -> None:
    asked(signed_in)
    assert b"Yes, discard it" in signed_in.get(f"{LIST}orders-client/request/discard/").content
    answer = signed_in.post(f"{LIST}orders-client/request/discard/")
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    assert not SigningRequest.objects.exists()
    line = Activity.objects.get(event=Event.SIGNING_REQUEST_DISCARDED)
    assert (line.actor, line.subject_name) == (publisher, "orders-client")
    assert bring(signed_in, b"x").status_code == 404


def test_an_answer_to_a_request_that_was_discarded_meanwhile_stores_nothing(publisher: User) -> None:
    request = make_signing_request()
    certificate = signed(x509.load_der_x509_csr(bytes(request.der)))
    actions.discard(request, by=publisher, now=timezone.now())
    with pytest.raises(SigningRequest.DoesNotExist):
        actions.answer(ClientCertificate, request, pem(certificate), by=publisher, now=timezone.now())
    assert not ClientCertificate.objects.exists()


@pytest.mark.parametrize("name", ["request", "Watch", "upload"])
def test_addresses_of_the_portal_are_no_names(signed_in: Client, name: str) -> None:
    assert "an address of the portal itself" in complaint(signed_in.post(REQUEST, {**ASKED, "name": name}), "name")


def test_viewers_make_no_requests(client: Client, viewer: User) -> None:
    make_signing_request()
    client.force_login(viewer)
    assert client.get(REQUEST).status_code == 403
    assert client.get(f"{LIST}orders-client/request/").status_code == 403
    assert bring(client, b"x").status_code == 403
    assert b"request/" not in client.get(LIST).content


def test_beside_a_planned_switch_the_answer_is_not_said_to_wait(signed_in: Client) -> None:
    entry, now = make_certificate("orders-client", issue("orders-client")), timezone.now()
    planned = propose(entry, issue("orders-client").as_pfx(), by=None, now=now)
    plan(planned, when=When.AT, at=now + timedelta(days=1), by=None, now=now)
    bring(signed_in, pem(signed(asked(signed_in))))
    page = signed_in.get("/security/client-certificates/orders-client/").content.decode()
    assert "The signed certificate is the new version of orders-client." in page
    assert "Nothing is replaced yet" not in page


def test_where_one_api_goes_first_the_answer_says_so(signed_in: Client) -> None:
    entry, now = make_certificate("orders-client"), timezone.now()
    for name in ("orders", "invoices"):
        security = ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
        secure_api(make_api(name), security, by=None, now=now)
    set_rules(entry, {"canary": "orders", "canary_minutes": 20}, by=None, now=now)
    bring(signed_in, pem(signed(asked(signed_in))))
    page = signed_in.get("/security/client-certificates/orders-client/").content.decode()
    assert "The API orders presents the new version; the others follow if its back end takes it." in page
