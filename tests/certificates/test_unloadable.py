"""What opens and the gateway does not load is refused at its field, with the cause, and nothing is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from certificates import loading
from certificates.identity import Identity
from certificates.models import CertificateVersion
from certificates.pfx import opening
from kit.issuing import Issued
from portal.models import Activity
from tests import unloadable
from tests.makers import issue, make_certificate
from tests.types import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
LIST = "/security/client-certificates/"
KINDS: dict[str, tuple[Callable[[], Issued], str]] = {
    "an exponent of 41 bits": (unloadable.with_large_exponent, "this private key (RSA 2048, public exponent of 41 bits)."),
    "version 1 with extensions": (unloadable.of_version_1, "it says X.509 version 1, but has extensions, which need version 3."),
}


def send(client: Client, path: str, issued: Issued) -> Page:
    """Send the form."""
    return client.post(f"{LIST}{path}", {"file": SimpleUploadedFile("client.pfx", issued.pfx_file()), "password": "secret"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["upload/", "orders-client/replace/"])
def test_what_the_gateway_does_not_load_is_refused_at_upload_and_at_replace(signed_in: Client, kind: str, path: str) -> None:
    make, sentence = KINDS[kind]
    make_certificate()
    page = send(signed_in, path, make())
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"file"}
    assert sentence in page.context["form"].errors["file"][0]
    assert CertificateVersion.objects.count() == Activity.objects.filter(kind="certificate").count() == 1


def test_what_it_loads_is_stored(signed_in: Client) -> None:
    assert send(signed_in, "upload/", issue()).status_code == 303


def test_where_the_loader_cannot_be_asked_nothing_is_stored_and_the_file_is_not_blamed(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_identity: Identity) -> str:
        raise loading.LoaderFailed

    monkeypatch.setattr(loading, "_loaders", [away])
    page = send(signed_in, "upload/", issue())
    assert page.status_code == 422
    assert "The file is not at fault" in page.context["form"].errors["file"][0]
    assert not CertificateVersion.objects.exists()


def test_the_loader_is_asked_within_a_turn_of_the_few(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    free: list[int] = []

    def ask(_identity: Identity) -> str:
        free.append(opening._turns._value)  # noqa: SLF001 - the queue itself
        return ""

    monkeypatch.setattr(loading, "_loaders", [ask])
    assert send(signed_in, "upload/", issue()).status_code == 303
    assert free == [opening.AT_ONCE - 1]
