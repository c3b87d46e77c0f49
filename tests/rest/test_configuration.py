"""Export and import: the whole configuration as a file, without secrets; importing twice changes nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from apis import actions
from apis.backends import actions as backend_actions
from apis.backends.models import BackEnd
from apis.models import Api, Credentials, Operation, Subscription
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from portal.models import Activity
from tests.makers import issue, make_api, make_certificate, make_subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def configured() -> None:
    """Store one of everything."""
    certificate = make_certificate("client")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(make_api("orders"), chosen, by=None, now=timezone.now())
    basic = actions.ApiSecurity(
        credentials=Credentials.BASIC, username="svc", password=Secret(b"hunter2"), validate_certificate_chain=False
    )
    actions.secure_api(make_api("returns", service_url="https://returns.example.com"), basic, by=None, now=timezone.now())
    make_subscription("all")
    make_subscription("shop", api=Api.objects.get(name="orders"))
    settings = backend_actions.BackEndSettings(url="https://elsewhere.example.com", certificate=certificate)
    backend_actions.create_back_end("elsewhere", settings, by=None, now=timezone.now())


def exported() -> Any:
    output = io.StringIO()
    call_command("export", stdout=output)
    assert "hunter2" not in output.getvalue()
    return yaml.safe_load(output.getvalue())


def imported(document: Any, folder: Path, *options: str) -> list[str]:
    """Import *document* and return the changes."""
    file = folder / "configuration.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    output = io.StringIO()
    call_command("import", str(file), "--json", *options, stdout=output)
    changes: list[str] = json.loads(output.getvalue())["changes"]
    return changes


def test_what_was_exported_changes_nothing(configured: None, tmp_path: Path) -> None:
    lines = Activity.objects.exclude(kind="export").count()
    assert imported(exported(), tmp_path) == []
    assert imported(exported(), tmp_path, "--delete-unmentioned") == []
    assert Activity.objects.exclude(kind="export").count() == lines


def test_an_empty_portal_becomes_the_same(configured: None, tmp_path: Path) -> None:
    document = exported()
    Subscription.objects.all().delete()
    BackEnd.objects.all().delete()
    Api.objects.all().delete()
    ClientCertificate.objects.update(current=None)
    ClientCertificate.objects.all().delete()
    issued = issue("client")
    (tmp_path / "client.pfx").write_bytes(issued.pfx_file("open sesame"))
    (tmp_path / "password.txt").write_text("open sesame\n")
    (tmp_path / "basic.txt").write_text("hunter2")
    document["certificates"][0] |= {"pfx": "client.pfx", "password_file": "password.txt"}
    document["apis"][1]["security"]["password_file"] = "basic.txt"
    planned = imported(document, tmp_path, "--dry-run")
    assert not Api.objects.exists()
    assert imported(document, tmp_path) == planned
    assert imported(document, tmp_path) == []
    again = exported()
    assert again["certificates"][0].pop("thumbprint") == issued.thumbprint
    for entry in (again["certificates"][0], document["certificates"][0]):
        for name in ("subject", "thumbprint", "pfx", "password_file"):
            entry.pop(name, None)
    document["apis"][1]["security"].pop("password_file")
    assert again == document
    assert Api.objects.get(name="returns").basic_credentials.unseal().value == b"hunter2"


def test_only_what_differs_is_changed(configured: None, tmp_path: Path, publisher: User) -> None:
    document = {
        "version": 1,
        "apis": [
            {
                "name": "orders",
                "display_name": "All orders",
                "security": {"validate_certificate_name": False},
                "operations": [{"name": "get", "method": "GET", "url_template": "/{id}"}],
            }
        ],
        "subscriptions": [{"name": "shop", "state": "suspended"}],
    }
    assert imported(document, tmp_path, "--user", "publisher") == [
        "~ apis/orders",
        "~ apis/orders/security",
        "+ apis/orders/operations/get",
        "~ subscriptions/shop",
    ]
    orders = Api.objects.get(name="orders")
    assert (orders.display_name, orders.validate_certificate_chain, orders.validate_certificate_name) == ("All orders", True, False)
    assert orders.certificate is not None
    assert {operation.name for operation in Operation.objects.filter(api=orders)} == {"everything", "get"}
    assert Activity.objects.filter(actor=publisher).count() >= 4
    assert Api.objects.filter(name="returns").exists()


def test_what_is_not_mentioned_goes_only_when_told_to(configured: None, tmp_path: Path) -> None:
    document = {"version": 1, "apis": [], "subscriptions": [], "backends": [], "certificates": []}
    assert imported(document, tmp_path) == []
    gone = ["- apis/orders", "- apis/returns", "- subscriptions/shop"]  # of orders alone
    assert imported({"version": 1, "apis": []}, tmp_path, "--dry-run", "--delete-unmentioned") == gone
    imported(document, tmp_path, "--delete-unmentioned")
    assert [model.objects.count() for model in (Api, Subscription, BackEnd, ClientCertificate)] == [0, 0, 0, 0]


def test_a_renewal_is_a_new_version(configured: None, tmp_path: Path) -> None:
    (tmp_path / "renewed.pfx").write_bytes(issue("client").pfx_file(""))
    document = {"version": 1, "certificates": [{"name": "client", "pfx": "renewed.pfx"}]}
    assert imported(document, tmp_path) == ["~ certificates/client"]
    assert imported(document, tmp_path) == []
    assert ClientCertificate.objects.get().versions.count() == 2


def test_an_earlier_version_and_a_name_in_another_case_mean_the_entry_that_is_there(configured: None, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.pfx").write_bytes(issue(name).pfx_file(""))
    for name in ("one", "two", "one"):
        document = {"version": 1, "certificates": [{"name": "CLIENT", "pfx": f"{name}.pfx"}]}
        assert imported(document, tmp_path, "--delete-unmentioned") == ["~ certificates/CLIENT"]
    entry = ClientCertificate.objects.get()
    assert entry.current is not None
    assert (entry.name, entry.current.subject, entry.versions.count()) == ("client", "CN=one, O=Example", 3)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("text", "version"),
        ({"version": 2}, "version"),
        ({"version": 1, "products": []}, "products"),
        ({"version": 1, "apis": {}}, "apis"),
        ({"version": 1, "apis": ["orders"]}, "apis.1"),
        ({"version": 1, "apis": [{}]}, "apis.1.name"),
        ({"version": 1, "apis": [{"name": "new"}]}, "apis.new.name"),
        ({"version": 1, "apis": [{"name": "a/b"}]}, "apis.a/b.name"),
        ({"version": 1, "apis": [{"name": "orders", "colour": "red"}]}, "apis.orders.colour"),
        ({"version": 1, "apis": [{"name": "orders", "path": "returns"}]}, "apis.orders.path"),
        ({"version": 1, "apis": [{"name": "orders", "service_url": "http://a.example"}]}, "apis.orders.service_url"),
        ({"version": 1, "apis": [{"name": "orders", "key_header": "a b"}]}, "apis.orders.key_header"),
        ({"version": 1, "apis": [{"name": "orders", "security": 5}]}, "apis.orders.security"),
        ({"version": 1, "apis": [{"name": "orders", "security": {"certificate": "none"}}]}, "apis.orders.security.certificate"),
        ({"version": 1, "apis": [{"name": "orders", "security": {"credentials": "basic"}}]}, "apis.orders.security.username"),
        ({"version": 1, "apis": [{"name": "orders", "operations": [{"name": "x"}]}]}, "apis.orders.operations.x.method"),
        ({"version": 1, "certificates": [{"name": "missing"}]}, "certificates.missing.pfx"),
        ({"version": 1, "certificates": [{"name": "client", "pfx": "none.pfx"}]}, "certificates.client.pfx"),
        ({"version": 1, "subscriptions": [{"name": "x", "display_name": "X", "scope": "api:none"}]}, "subscriptions.x.scope"),
        ({"version": 1, "backends": [{"name": "x", "url": "ftp://a.example"}]}, "backends.x.url"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(document: Any, named: str, configured: None, tmp_path: Path) -> None:
    before = exported()
    if isinstance(document, dict) and "apis" not in document:
        document = {**document, "apis": [{"name": "returns", "display_name": "Changed"}]}
    with pytest.raises(CommandError, match="Nothing was changed") as refusal:
        imported(document, tmp_path)
    assert f"\n{named}: " in str(refusal.value)
    assert exported() == before
