"""Keys and passwords leave no trace: not in the database's files, logs, error mails, temporary folders or on the way."""

from __future__ import annotations

import base64
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils.log import AdminEmailHandler
from pytest_django.fixtures import Settings

from certificates.models import ClientCertificate
from kit.issuing import Issued
from tests.makers import issue, make_api
from tests.types import Page

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/security/client-certificates/"
PASSWORD = "Tr0ub4dor-never-to-be-seen"  # ASCII, so that it is found in whatever form it is printed


def traces(issued: Issued) -> list[bytes]:
    """Return what must be found nowhere: the password, and the private key as a number, as DER and as PEM."""
    number = issued.key.private_numbers().private_value.to_bytes(32)  # type: ignore[union-attr]  # makers issue P-256 keys
    body = "".join(issued.key_pem.splitlines()[1:-1])
    return [
        PASSWORD.encode(),
        PASSWORD.encode("utf-16-be"),
        number,
        number.hex().encode(),
        base64.b64encode(number)[:40],
        body[24:60].encode(),  # within a line
        repr(number)[2:-1].encode(),
        issued.key_der[40:],
    ]


def found(where: bytes, issued: Issued) -> list[bytes]:
    return [trace for trace in traces(issued) if trace in where]


@pytest.fixture
def client_certificate() -> Issued:
    return issue("orders-client")


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let whatever writes a temporary file do it in a folder that the test looks into."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def error_mails(settings: Settings) -> Iterator[None]:
    """Mail errors with everything Django can put into them, as the most talkative set-up would."""
    settings.ADMINS = [("", "operator@example.com")]
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


def _send(client: Client, path: str, issued: Issued, password: str = PASSWORD) -> Page:
    file = SimpleUploadedFile("client.pfx", issued.pfx_file(PASSWORD))
    return client.post(f"{LIST}{path}", {"file": file, "password": password})


def _bind(client: Client, certificate: str = "orders-client") -> Page:
    return client.post("/apis/orders/security/", {"credentials": "client-certificate", "certificate": certificate})


def _database() -> bytes:
    """Return everything the database holds, as its files or as a dump."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return b"".join(Path(f"{name}{suffix}").read_bytes() for suffix in ("", "-wal", "-shm") if Path(f"{name}{suffix}").exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        dump = b""
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            for value in (value for row in cursor.fetchall() for value in row):
                dump += bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
    return dump


def test_the_ways_to_find_a_secret_do_find_one(client_certificate: Issued) -> None:
    for secret in (PASSWORD.encode(), client_certificate.key_der, client_certificate.key_pem.replace("\n", "").encode()):
        assert found(b"before" + secret + b"after", client_certificate)


def test_after_upload_bind_and_delete_nothing_is_found(
    signed_in: Client, client_certificate: Issued, temporary_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make_api("orders")
    said = bytearray()

    def look() -> None:
        files = b"".join(path.read_bytes() for path in temporary_folder.rglob("*") if path.is_file())
        for where in (_database(), files, caplog.text.encode(), bytes(said)):
            assert found(where, client_certificate) == []

    assert _send(signed_in, "upload/", client_certificate, "wrong").status_code == 422
    look()
    said += _send(signed_in, "upload/", client_certificate).content
    look()
    assert _bind(signed_in).status_code == 303
    look()
    for page in ("", "orders-client/", "orders-client/replace/", "orders-client/delete/"):
        said += signed_in.get(f"{LIST}{page}").content
    said += signed_in.get("/apis/orders/policy/").content
    look()
    signed_in.post("/apis/orders/security/", {"credentials": "none"})
    assert signed_in.post(f"{LIST}orders-client/delete/").status_code == 303
    assert not ClientCertificate.objects.exists()
    look()


class _Broken(Exception):
    """What no view expects."""


def _break(_place: object, *_args: object, **_kwargs: object) -> None:
    raise _Broken


STEPS: dict[str, tuple[str, Callable[[Client, Issued], Page]]] = {
    "while the file is opened": ("certificates.forms.open_loadable", lambda client, issued: _send(client, "upload/", issued)),
    "while the child is started": ("certificates.pfx.opening.subprocess.Popen", lambda client, issued: _send(client, "upload/", issued)),
    "while the answer is read": ("certificates.pfx.opening.wire.understand", lambda client, issued: _send(client, "upload/", issued)),
    "while the gateway's loader is started": ("gateway.agent.loader._confine", lambda client, issued: _send(client, "upload/", issued)),
    "while the loader's answer is read": (
        "gateway.agent.loader._understand",
        lambda client, issued: _send(client, "kept/replace/", issued),
    ),
    "while the key is sealed": ("certificates.sealing.KeyRing.seal", lambda client, issued: _send(client, "upload/", issued)),
    "while the upload is stored": ("certificates.actions.record", lambda client, issued: _send(client, "upload/", issued)),
    "while the page is rendered": ("certificates.views.render", lambda client, issued: _send(client, "upload/", issued, "wrong")),
    "while it is replaced": ("certificates.actions._replace", lambda client, issued: _send(client, "kept/replace/", issued)),
    "while it is bound": ("apis.actions.apis.record", lambda client, _issued: _bind(client, "kept")),
    "while it is deleted": ("certificates.actions.record", lambda client, _issued: client.post(f"{LIST}kept/delete/")),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_error_in_any_step_mails_no_secret(
    step: str,
    publisher: User,
    client_certificate: Issued,
    error_mails: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    make_api("orders")
    client = Client(raise_request_exception=False)
    client.force_login(publisher)
    kept = issue("kept")
    assert _send(client, "upload/", kept).status_code == 303
    where, act = STEPS[step]
    monkeypatch.setattr(where, _break)
    assert act(client, client_certificate).status_code == 500
    message = mail.outbox[0]
    written = message.message().as_bytes() + message.body.encode()
    for content, _kind in getattr(message, "alternatives", []):
        written += str(content).encode()
    assert b"_Broken" in written
    for where_found in (written, caplog.text.encode(), _database()):
        assert found(where_found, client_certificate) == []
        assert found(where_found, kept) == []


def test_no_upload_handler_writes_to_disk(settings: Settings) -> None:
    assert settings.FILE_UPLOAD_HANDLERS == ["certificates.uploads.CappedUploadHandler"]


def test_the_environment_of_this_process_holds_no_password() -> None:
    assert PASSWORD not in str(dict(os.environ))
