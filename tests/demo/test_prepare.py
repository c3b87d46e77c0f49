"""What `manage.py demo prepare` makes, and what it leaves alone."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions
from apis.models import Api, Credentials, Subscription
from demo.identities import Folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Folder:
    settings.PORTAL_HOME = tmp_path
    return Folder(tmp_path / "demo")


def prepare() -> str:
    return str(call_command("demo", "prepare", stdout=io.StringIO()))


def test_it_makes_an_api_that_lacks_only_the_client_certificate(folder: Folder) -> None:
    prepare()

    api = Api.objects.get(name="orders")
    assert api.credentials == Credentials.NONE
    assert api.validate_certificate_name
    assert api.trusted_ca == folder.authority.read_text()
    assert [str(operation) for operation in api.operations.all()] == ["* /*"]


def test_it_tells_a_call_with_a_key_that_opens_the_api(folder: Folder) -> None:
    told = prepare()

    key = Subscription.objects.get(name="demo").keys.get(kind="primary").unseal().value.decode()
    assert f"/orders/1 -H 'Ocp-Apim-Subscription-Key: {key}'" in told


def test_the_certificate_to_upload_opens_with_the_password_it_tells(folder: Folder) -> None:
    told = prepare()

    password = folder.client_password.read_text()
    assert f"Its password  {password}\n" in told
    key, certificate, above = pkcs12.load_key_and_certificates(folder.client.read_bytes(), password.encode())
    assert key
    assert certificate
    assert above == [x509.load_pem_x509_certificate(folder.authority.read_bytes())]


def test_running_it_again_keeps_the_certificates_and_the_api(folder: Folder) -> None:
    prepare()
    kept = {path: path.read_bytes() for path in (folder.authority, folder.client, folder.client_password)}
    prepare()

    assert kept == {path: path.read_bytes() for path in kept}
    assert Api.objects.count() == Subscription.objects.count() == 1


def test_what_somebody_deleted_does_not_come_back(folder: Folder) -> None:
    prepare()
    actions.delete_api(Api.objects.get(), by=None, now=timezone.now())

    told = prepare()

    assert not Api.objects.exists()
    assert "curl" not in told


def test_nobody_else_may_read_its_files(folder: Folder) -> None:
    prepare()

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
