"""Any consistent target is reached, whatever has to be changed first, and every deletion is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apis import actions
from apis.backends import actions as backend_actions
from apis.models import Api, Credentials, KeyKind, Subscription
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from kit.issuing import issue
from tests.makers import make_api, make_authority, make_certificate, make_counts, make_subscription
from tests.rest.declared.files import applied, exported, ran

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def _named(document: Any, section: str, name: str) -> Any:
    return next(entry for entry in document[section] if entry["name"] == name)


def _presenting(name: str, certificate: ClientCertificate) -> Api:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    return actions.secure_api(make_api(name), chosen, by=None, now=timezone.now())


def _key(name: str, kind: KeyKind = KeyKind.PRIMARY) -> str:
    return Subscription.objects.get(name=name).keys.get(kind=kind).unseal().value.decode()


class TestExchanges:
    def test_two_apis_exchange_their_paths(self, tmp_path: Path) -> None:
        make_api("one")
        make_api("two")
        document = {"version": 1, "apis": [{"name": "one", "path": "two"}, {"name": "two", "path": "one"}]}
        assert applied(document, tmp_path) == ["~ apis/one", "~ apis/two"]
        assert dict(Api.objects.values_list("name", "path")) == {"one": "two", "two": "one"}

    def test_three_apis_pass_their_paths_on_in_a_ring_and_a_new_one_takes_one_of_them(self, tmp_path: Path) -> None:
        for name in ("a", "b", "c"):
            make_api(name)
        paths = {"a": "b", "b": "c", "c": "free"}
        apis: list[dict[str, Any]] = [{"name": name, "path": path} for name, path in paths.items()]
        new = {"name": "added", "display_name": "New", "service_url": "https://new.example.com", "path": "a"}
        applied({"version": 1, "apis": [new, *apis]}, tmp_path)
        assert dict(Api.objects.values_list("name", "path")) == {**paths, "added": "a"}

    def test_an_api_is_renamed_on_its_path_and_its_subscription_keeps_its_keys(self, tmp_path: Path) -> None:
        make_subscription("shop", api=make_api("orders"))
        key = _key("shop")
        document = exported()
        document["apis"][0]["name"] = "purchases"
        document["subscriptions"][0]["scope"] = "api:purchases"
        changes = applied(document, tmp_path, "--delete-unmentioned")
        assert {"+ apis/purchases", "- apis/orders", "~ subscriptions/shop"} <= set(changes)
        assert "- subscriptions/shop" not in changes
        assert (Api.objects.get().name, _key("shop")) == ("purchases", key)

    def test_operations_exchange_what_they_match(self, tmp_path: Path) -> None:
        api = make_api("orders", everything=False)
        for name, method in (("list", "GET"), ("add", "POST")):
            actions.add_operation(
                api, name=name, display_name=name, method=method, url_template="/", description="", by=None, now=timezone.now()
            )
        wanted = [{"name": "list", "method": "POST"}, {"name": "add", "method": "GET"}]
        applied({"version": 1, "apis": [{"name": "orders", "operations": wanted}]}, tmp_path)
        assert dict(api.operations.values_list("name", "method")) == {"list": "POST", "add": "GET"}

    def test_an_operation_takes_over_from_one_that_goes(self, tmp_path: Path) -> None:
        make_api("orders")
        wanted = [{"name": "all", "method": "*", "url_template": "/*"}]
        changes = applied({"version": 1, "apis": [{"name": "orders", "operations": wanted}]}, tmp_path, "--delete-unmentioned")
        assert changes == ["- apis/orders/operations/everything", "+ apis/orders/operations/all"]

    def test_authorities_exchange_their_certificates_and_one_is_renamed(self, tmp_path: Path) -> None:
        for name in ("one", "two", "three"):
            make_authority(name, issue(name, authority=True))
        document = exported()
        first, second = _named(document, "authorities", "one"), _named(document, "authorities", "two")
        first["certificates"], second["certificates"] = second["certificates"], first["certificates"]
        _named(document, "authorities", "three")["name"] = "drei"
        applied(document, tmp_path, "--delete-unmentioned")
        assert set(Authority.objects.values_list("name", flat=True)) == {"one", "two", "drei"}
        assert exported()["authorities"] == sorted(document["authorities"], key=lambda one: one["name"])

    def test_subscriptions_and_the_two_keys_of_one_exchange_them(self, tmp_path: Path) -> None:
        make_subscription("one")
        make_subscription("two")
        keys = {f"{name}-{kind}": _key(name, kind) for name in ("one", "two") for kind in KeyKind}
        for name, key in keys.items():
            (tmp_path / name).write_text(key)
        wanted = [
            {"name": "one", "primary_key": {"file": "two-secondary"}, "secondary_key": {"file": "one-primary"}},
            {"name": "two", "secondary_key": {"file": "one-secondary"}},
        ]
        changes = applied({"version": 1, "subscriptions": wanted}, tmp_path)
        assert changes == ["~ subscriptions/one", "~ subscriptions/two"]
        assert _key("one") == keys["two-secondary"]
        assert _key("one", KeyKind.SECONDARY) == keys["one-primary"]
        assert _key("two", KeyKind.SECONDARY) == keys["one-secondary"]
        assert _key("two") == keys["two-primary"]

    def test_a_certificate_is_renamed_while_an_api_presents_it(self, tmp_path: Path) -> None:
        issued = issue("client")
        _presenting("orders", make_certificate("old", issued))
        (tmp_path / "client.pfx").write_bytes(issued.pfx_file(""))
        document = exported()
        document["certificates"][0] |= {"name": "new", "pfx": "client.pfx"}
        document["apis"][0]["security"]["certificate"] = "new"
        changes = applied(document, tmp_path, "--delete-unmentioned")
        assert {"+ certificates/new", "- certificates/old", "~ apis/orders/security"} <= set(changes)
        assert ClientCertificate.objects.get().apis.get().name == "orders"

    def test_certificates_exchange_their_names(self, tmp_path: Path) -> None:
        issued = {name: issue(name) for name in ("one", "two")}
        for name, each in issued.items():
            _presenting(name, make_certificate(name, each))
            (tmp_path / f"{name}.pfx").write_bytes(each.pfx_file(""))
        wanted = [{"name": "one", "pfx": "two.pfx"}, {"name": "two", "pfx": "one.pfx"}]
        assert applied({"version": 1, "certificates": wanted}, tmp_path) == ["~ certificates/one", "~ certificates/two"]
        held = {row.name: row.current.thumbprint for row in ClientCertificate.objects.select_related("current") if row.current}
        assert held == {"one": issued["two"].thumbprint, "two": issued["one"].thumbprint}
        assert [row.versions.count() for row in ClientCertificate.objects.all()] == [1, 1]

    @pytest.mark.parametrize("to_http", [True, False])
    def test_a_back_end_goes_to_http_as_its_certificate_goes_and_the_other_way(self, tmp_path: Path, *, to_http: bool) -> None:
        _presenting("orders", make_certificate("client"))
        secure = exported()
        plain = exported()
        plain["apis"][0] |= {"service_url": "http://orders.example.com"}
        plain["apis"][0]["security"] |= {"credentials": "none", "certificate": ""}
        applied(plain, tmp_path)
        if not to_http:
            applied(secure, tmp_path)
        assert Api.objects.get().is_plain_http == to_http

    def test_what_a_file_says_of_an_api_counts_over_the_back_end_at_its_url(self, tmp_path: Path) -> None:
        make_api("orders")
        document = exported()
        document["backends"] = [{"name": "there", "url": "https://orders.example.com", "validate_certificate_chain": False}]
        applied(document, tmp_path)
        assert exported()["apis"] == document["apis"]
        assert Api.objects.get().validate_certificate_chain

    def test_rules_name_an_api_that_the_same_file_adds(self, tmp_path: Path) -> None:
        (tmp_path / "client.pfx").write_bytes(issue("client").pfx_file(""))
        api = {
            "name": "orders",
            "display_name": "Orders",
            "path": "orders",
            "service_url": "https://orders.example.com",
            "security": {"credentials": "client-certificate", "certificate": "client"},
        }
        certificate = {"name": "client", "pfx": "client.pfx", "rules": {"canary": "orders"}}
        applied({"version": 1, "certificates": [certificate], "apis": [api]}, tmp_path)
        assert exported()["certificates"][0]["rules"]["canary"] == "orders"

    def test_what_is_not_consistent_is_named_and_nothing_is_changed(self, tmp_path: Path) -> None:
        make_api("one")
        make_api("two")
        before = exported()
        document = {"version": 1, "apis": [{"name": "one", "path": "two"}]}
        with pytest.raises(CommandError, match=r"apis\.one\.path: Another API already has this URL suffix"):
            ran("apply", document, tmp_path)
        assert exported() == before


class TestDeletions:
    def test_what_goes_with_an_api_is_told_keys_included_in_the_plan_as_well(self, tmp_path: Path) -> None:
        api = make_api("orders")
        make_subscription("shop", api=api)
        make_counts(api, ok=12)
        plan = ran("plan", {"version": 1, "apis": []}, tmp_path, "--delete-unmentioned")
        assert plan["deletions"] == ["apis/orders", "subscriptions/shop"]
        assert "API “orders” is deleted. Its 1 operation goes with it." in plan["sentences"]
        assert "Subscription “shop” is deleted. Both its keys open nothing from then on." in plan["sentences"]
        assert plan["touched"] == {"- apis/orders": {"orders": 12}, "- subscriptions/shop": {"orders": 12}}
        assert Subscription.objects.exists()
        assert ran("apply", {"version": 1, "apis": []}, tmp_path, "--delete-unmentioned")["changes"] == plan["changes"]
        assert not Subscription.objects.exists()

    def test_a_back_end_that_goes_changes_the_apis_at_its_url_and_that_is_told(self, tmp_path: Path) -> None:
        make_api("orders")
        chosen = backend_actions.BackEndSettings(
            url="https://orders.example.com", validate_certificate_chain=False, validate_certificate_name=False, by_url=True
        )
        backend_actions.create_back_end("there", chosen, by=None, now=timezone.now())
        changes = applied({"version": 1, "backends": []}, tmp_path, "--delete-unmentioned")
        assert changes == ["~ apis/orders/security", "- backends/there"]

    def test_a_certificate_goes_with_its_versions_and_keys(self, tmp_path: Path) -> None:
        make_certificate("client")
        plan = ran("plan", {"version": 1, "certificates": []}, tmp_path, "--delete-unmentioned")
        assert plan["sentences"] == ["Client certificate “client” is deleted. All its versions and their private keys go with it."]
