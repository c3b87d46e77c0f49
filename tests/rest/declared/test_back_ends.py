"""Back ends of a configuration file: pools and their members, what stands in another's way, what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apis import actions as api_actions
from apis.backends.models import BackEnd, BackEndPassword
from apis.models import Api, Credentials
from kit.issuing import issue
from portal.models import Activity, Event
from tests.makers import make_api, make_authority, make_certificate
from tests.rest.declared.files import applied, exported, ran

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def back_ends(*entries: Any, **more: Any) -> Any:
    return {"version": 1, "backends": list(entries), **more}


def single(name: str, **more: Any) -> Any:
    return {"name": name, "url": f"https://{name}.example.com", **more}


def pool(*members: str, name: str = "pool", **more: Any) -> Any:
    return {"name": name, "members": [{"member": member} for member in members], **more}


@pytest.fixture
def pooled(tmp_path: Path) -> Api:
    """Store two back ends and their pool, and an API that uses it."""
    applied(back_ends(pool("east", "west"), single("east"), single("west")), tmp_path)
    lead = api_actions.Lead(back_end=BackEnd.objects.get(name="pool"))
    return api_actions.lead_api(make_api("orders"), lead, by=None, now=timezone.now())


class TestPools:
    def test_members_that_all_change_alike_take_their_pool_and_its_apis_along(self, pooled: Api, tmp_path: Path) -> None:
        make_certificate("client")
        changed = {"certificate": "client", "protocol": "http1"}
        changes = applied(back_ends(single("east", **changed), single("west", **changed)), tmp_path)
        assert changes == ["~ backends/east", "~ backends/west", "~ apis/orders/security"]
        pooled.refresh_from_db()
        assert (pooled.credentials, pooled.protocol) == (Credentials.CLIENT_CERTIFICATE, "http1")
        assert Activity.objects.filter(event=Event.BACKEND_CHANGED, subject_name="pool").count() == 1

    def test_members_that_move_to_http_take_their_pool_along(self, pooled: Api, tmp_path: Path) -> None:
        applied(back_ends(*({"name": name, "url": f"http://{name}.example.com"} for name in ("east", "west"))), tmp_path)
        pooled.refresh_from_db()
        assert pooled.service_url == "http://east.example.com"

    @pytest.mark.usefixtures("pooled")
    def test_a_member_that_differs_from_the_others_is_refused_at_the_pool(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"backends\.pool\.members: The members of the pool pool have to be alike"):
            applied(back_ends(single("east", protocol="http1")), tmp_path)
        changes = applied(back_ends(single("east", protocol="http1"), pool("west")), tmp_path)
        assert changes == ["~ backends/east", "~ backends/pool/members"]

    @pytest.mark.usefixtures("pooled")
    def test_a_member_goes_when_its_pool_is_to_have_others(self, tmp_path: Path) -> None:
        document = back_ends(pool("north"), single("north"))
        changes = applied(document, tmp_path, "--delete-unmentioned")
        assert changes == ["+ backends/north", "~ backends/pool/members", "- backends/east", "- backends/west"]
        assert Api.objects.get().service_url == "https://north.example.com"

    @pytest.mark.usefixtures("pooled")
    def test_what_an_api_or_a_pool_uses_does_not_go(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"backends\.pool: These use the back end: orders\."):
            applied(back_ends(single("east"), single("west")), tmp_path, "--delete-unmentioned")

    @pytest.mark.usefixtures("pooled")
    def test_a_pool_becomes_a_back_end_of_its_own_and_a_pool_again(self, tmp_path: Path) -> None:
        assert applied(back_ends({**single("pool"), "members": []}), tmp_path) == ["~ backends/pool", "~ backends/pool/members"]
        assert Api.objects.get().service_url == "https://pool.example.com"
        applied(back_ends(pool("west")), tmp_path)
        assert Api.objects.get().service_url == "https://west.example.com"

    @pytest.mark.usefixtures("pooled")
    @pytest.mark.parametrize(
        ("entry", "fault"),
        [
            (pool("east", "nowhere"), r"pool\.members: There is no single back end nowhere"),
            (pool("pool"), r"pool\.members: There is no single back end pool"),
            (pool("new", name="new"), r"new\.members: There is no single back end new"),
            (pool("pool", name="new"), r"new\.members: There is no single back end pool"),
            (pool("east", "east"), r"pool\.members: Name each member once"),
            (pool("east", url="https://east.example.com"), r"pool\.url: This is a pool"),
            (pool("east", username="u"), r"pool\.username: This is a pool"),
            ({"name": "pool", "members": []}, r"pool\.url: This field is required"),
        ],
    )
    def test_what_cannot_be_is_named(self, entry: Any, fault: str, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=rf"backends\.{fault}"):
            applied(back_ends(entry), tmp_path)

    @pytest.mark.usefixtures("pooled")
    def test_a_back_end_with_a_password_is_no_member(self, tmp_path: Path) -> None:
        (tmp_path / "word").write_text("hunter2")
        basic = single("east", credentials="basic", username="u", password={"file": "word"})
        with pytest.raises(CommandError, match=r"backends\.pool\.members: .*without password"):
            applied(back_ends(basic, single("new")), tmp_path)

    @pytest.mark.usefixtures("pooled")
    def test_an_export_says_of_a_pool_what_is_its_own_and_reads_back(self, tmp_path: Path) -> None:
        document = exported()
        assert document["backends"][-1].keys().isdisjoint({"url", "addresses", "credentials", "certificate", "protocol"})
        Api.objects.all().delete()
        BackEnd.objects.all().delete()
        applied(document, tmp_path)
        assert exported() == document


class TestEntries:
    @pytest.mark.parametrize("entry", [{"name": "new"}, {"name": "new", "title": "New"}, {"name": "new", "url": ""}])
    def test_one_without_an_address_is_refused(self, entry: Any, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"backends\.new\.url: This field is required"):
            applied(back_ends(entry), tmp_path)

    def test_addresses_alone_will_do(self, tmp_path: Path) -> None:
        applied(back_ends({"name": "new", "addresses": ["https://a.example.com", "https://b.example.com weight=2"]}), tmp_path)
        assert BackEnd.objects.get().url == "https://a.example.com"

    def test_a_url_that_is_not_the_first_address_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"backends\.new\.url: This is not the first of the addresses"):
            applied(back_ends(single("new", addresses=["https://a.example.com", "https://b.example.com"])), tmp_path)

    def test_a_name_that_differs_in_case_alone_is_taken(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"backends\.East\.name: Another back end already has this name"):
            applied(back_ends(single("east"), single("East")), tmp_path)

    @pytest.mark.parametrize("said", [{"credentials": "none"}, {"certificate": ""}])
    def test_a_certificate_is_taken_away_by_either_field(self, said: Any, tmp_path: Path) -> None:
        make_certificate("client")
        applied(back_ends(single("east", certificate="client")), tmp_path)
        assert applied(back_ends({"name": "east", **said}), tmp_path) == ["~ backends/east"]
        assert BackEnd.objects.filter(credentials=Credentials.NONE, certificate=None).exists()

    def test_the_same_password_is_no_change(self, tmp_path: Path) -> None:
        (tmp_path / "word").write_text("hunter2\n")
        entry = single("east", credentials="basic", username="u", password_file="word")
        applied(back_ends(entry), tmp_path)
        kept = BackEndPassword.objects.get()
        assert ran("apply", back_ends(entry), tmp_path)["changes"] == []
        assert BackEndPassword.objects.get() == kept

    @pytest.mark.parametrize("section", ["backends", "apis", "named_values"])
    def test_a_secret_that_is_no_text_is_refused(self, section: str, tmp_path: Path) -> None:
        (tmp_path / "word").write_bytes(b"\xff\xfe")
        make_api("orders")
        basic = {"credentials": "basic", "username": "u", "password": {"file": "word"}}
        entry = {
            "backends": single("east", **basic),
            "apis": {"name": "orders", "security": basic},
            "named_values": {"name": "token", "display_name": "token", "secret": True, "secret_value": {"file": "word"}},
        }[section]
        with pytest.raises(CommandError, match="This is no text in UTF-8"):
            applied({"version": 1, section: [entry]}, tmp_path)

    def test_what_is_said_of_the_security_of_a_back_ends_api_is_told_not_to_count(self, pooled: Api, tmp_path: Path) -> None:
        make_authority("root", issue("Root", authority=True))
        said = ran("plan", {"version": 1, "apis": [{"name": "orders", "security": {"trusted_authority": "root"}}]}, tmp_path)
        assert said["changes"] == []
        assert said["notes"] == ["orders has the security of its back end pool; what the file says of it does not count."]
        assert pooled.trusted_authority is None
        assert ran("plan", {"version": 1, "apis": [{"name": "orders", "display_name": "Orders!"}]}, tmp_path)["notes"] == []
