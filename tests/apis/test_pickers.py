"""Choosing one of many by whatever somebody knows of it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from apis import pickers
from apis.models import Api, Subscription
from certificates.models import CertificateVersion, ClientCertificate
from kit.issuing import issue
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db
SECURITY = "/apis/orders/security/"
CHOICE = {"credentials": "client-certificate"}


@pytest.fixture(params=["drop-down", "combobox"])
def picker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let few be too many for a drop-down, or not."""
    if request.param == "combobox":
        monkeypatch.setattr(pickers, "FEW", 1)
    return str(request.param)


@pytest.fixture
def version() -> CertificateVersion:
    """Return what one of three entries presents; the others' names hold its name."""
    make_certificate("other", issue("orders-other"))
    make_certificate("orders-2", issue("second-orders"))
    entry = make_certificate("orders", issue("orders-client"))
    return CertificateVersion.objects.select_related("certificate").get(certificate=entry)


def _presented(client: Client, typed: str) -> ClientCertificate | None:
    assert client.post(SECURITY, CHOICE | {"certificate": typed}).status_code == 303, typed
    return Api.objects.get(name="orders").certificate


@pytest.mark.usefixtures("picker")
def test_a_certificate_is_taken_by_name_subject_thumbprint_last_four_or_a_part(signed_in: Client, version: CertificateVersion) -> None:
    make_api("orders")
    spaced = " ".join(version.thumbprint[at : at + 2] for at in range(0, 40, 2))
    typed = [
        *("orders", "ORDERS", "CN=orders-client, O=Example", f"CN=orders-client, O=Example — {version.last_four}"),
        *(version.thumbprint, version.thumbprint.lower(), spaced, version.thumbprint_sha256, "orders-client"),
    ]
    if CertificateVersion.objects.filter(thumbprint__endswith=version.last_four).count() == 1:
        typed.append(version.last_four)
    for text in typed:
        Api.objects.update(credentials="none", certificate=None)
        assert _presented(signed_in, text) == version.certificate, text


def test_the_last_four_alone_find_it(signed_in: Client, version: CertificateVersion) -> None:
    make_api("orders")
    CertificateVersion.objects.filter(pk=version.pk).update(thumbprint="0" * 36 + "6548")
    CertificateVersion.objects.exclude(pk=version.pk).update(thumbprint="6548" + "1" * 36)
    assert _presented(signed_in, "6548") == version.certificate


@pytest.mark.usefixtures("picker", "version")
def test_what_fits_several_comes_back_as_a_drop_down_of_these_and_nothing_is_stored(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(SECURITY, CHOICE | {"certificate": "O=Example", "validate_certificate_chain": "on"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "3 fit what was typed. Choose one of them." in page
    for name in ("orders", "orders-2", "other"):
        assert f'<option value="{name}">' in page
    assert Api.objects.get().certificate is None
    assert _presented(signed_in, "orders-2") == ClientCertificate.objects.get(name="orders-2")


@pytest.mark.usefixtures("version")
def test_a_combobox_shows_subject_and_last_four_and_suggests_the_same(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, version: CertificateVersion
) -> None:
    monkeypatch.setattr(pickers, "FEW", 1)
    make_api("orders")
    signed_in.post(SECURITY, CHOICE | {"certificate": "orders"})
    shown = f"CN=orders-client, O=Example — {version.last_four}"
    page = signed_in.get(SECURITY).content.decode()
    assert f'value="{shown}"' in page
    assert 'role="combobox"' in page
    assert signed_in.post(SECURITY, CHOICE | {"certificate": shown}).status_code == 303
    suggested = signed_in.get("/apis/suggestions/certificates/", {"certificate": version.last_four}).content.decode()
    assert f'data-value="{shown}"' in suggested
    everything = signed_in.get("/apis/suggestions/certificates/", {"certificate": shown}).content.decode()
    assert everything.count('role="option"') == 3
    nothing = signed_in.get("/apis/suggestions/certificates/", {"certificate": "nobody"}).content.decode()
    assert "Nothing fits." in nothing
    assert "/security/client-certificates/upload/" in nothing


def test_without_any_certificate_the_tab_leads_to_uploading_one(signed_in: Client) -> None:
    make_api("orders")
    assert 'href="/security/client-certificates/upload/"' in signed_in.get(SECURITY).content.decode()


@pytest.mark.usefixtures("picker")
def test_a_scope_is_taken_by_name_path_or_as_the_list_shows_it(signed_in: Client) -> None:
    make_api("orders", path="sales/orders")
    make_api("orders-archive", path="archive")
    for number, typed in enumerate(("api:orders", "orders", "Orders", "sales/orders", "/sales/orders", "Orders – /sales/orders")):
        sent = {"display_name": f"Partner {number}", "name": f"partner-{number}", "scope": typed}
        assert signed_in.post("/subscriptions/new/", sent).status_code == 303, typed
        api = Subscription.objects.get(name=f"partner-{number}").api
        assert api is not None
        assert api.name == "orders"
    sent = {"display_name": "All", "name": "all", "scope": "All APIs"}
    assert signed_in.post("/subscriptions/new/", sent).status_code == 303
    assert Subscription.objects.get(name="all").api is None
    answer = signed_in.post("/subscriptions/new/", {"display_name": "Which", "scope": "rchi"})
    assert answer.status_code == 303
    answer = signed_in.post("/subscriptions/new/", {"display_name": "Which one", "scope": "rde"})
    assert answer.status_code == 422
    assert '<option value="api:orders-archive">' in answer.content.decode()


def test_a_move_takes_its_target_by_the_last_four(signed_in: Client, version: CertificateVersion) -> None:
    make_api("returns")
    CertificateVersion.objects.filter(pk=version.pk).update(thumbprint="0" * 36 + "6548")
    answer = signed_in.post("/apis/moves/new/", {"to": "6548", "apis": "returns", "when": "now"})
    assert answer.status_code == 303
    assert Api.objects.get(name="returns").certificate == version.certificate
    assert timezone.now() > Api.objects.get(name="returns").changed_at
