"""Trusted authorities: entries that many APIs trust, replaced in one place after comparing and trying."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.callers import CallerCertificate
from apis.models import Api, Credentials
from apis.trust import adopt
from certificates.authorities import actions, switching
from certificates.authorities.bundle import bundle_of
from certificates.authorities.keeper import AuthorityKeeper
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.rollout.models import When
from kit.issuing import Issued, issue
from portal.models import Activity
from tests.makers import bundle, make_api, make_authority, make_authority_candidate, make_counts
from tests.types import Page

pytestmark = pytest.mark.django_db
LIST = "/security/trusted-authorities/"
PAGE = f"{LIST}example-ca/"
SECURITY = {"credentials": "none", "protocol": "auto", "validate_certificate_chain": "on", "validate_certificate_name": "on"}
OLD = issue("Example CA", authority=True)
RENEWED = issue("Example CA", authority=True, key=OLD.key, not_after=datetime.now(UTC) + timedelta(days=900))
OTHER = issue("Other CA", authority=True)


def _trusting(name: str, *issued: Issued) -> Api:
    """Store an API whose back end has to lead to these."""
    pem = "".join(one.pem for one in issued)
    chosen = api_actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=pem)
    return api_actions.secure_api(make_api(name), chosen, by=None, now=timezone.now())


def _admitting(name: str, *issued: Issued) -> Api:
    """Store an API whose callers have to lead to these."""
    pem = "".join(one.pem for one in issued)
    chosen = api_actions.ApiCallers(caller_certificate=CallerCertificate.REQUIRED, caller_authorities=pem)
    return api_actions.change_callers(make_api(name), chosen, by=None, now=timezone.now())


def _upload(client: Client, data: bytes, *, to: str = f"{LIST}upload/", **more: str) -> Page:
    return client.post(to, {"file": SimpleUploadedFile("ca.bin", data), **more})


def newest() -> Activity:
    """Return the newest line of the activity log."""
    return Activity.objects.order_by("-id")[0]


def _as_pem(issued: Issued) -> bytes:
    return b"# ours\r\n" + issued.pem.replace("\n", "\r\n").encode()


def _as_der(issued: Issued) -> bytes:
    return issued.der


def _as_pkcs7(issued: Issued) -> bytes:
    return pkcs7.serialize_certificates([issued.certificate], Encoding.DER)


def _as_pkcs7_in_pem(issued: Issued) -> bytes:
    return pkcs7.serialize_certificates([issued.certificate], Encoding.PEM)


class TestUploading:
    @pytest.mark.parametrize("written", [_as_pem, _as_der, _as_pkcs7, _as_pkcs7_in_pem])
    def test_a_file_becomes_an_entry_named_by_its_subject(self, signed_in: Client, written: Callable[[Issued], bytes]) -> None:
        answer = _upload(signed_in, written(OLD))
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
        current = Authority.objects.select_related("current").get(name="example-ca").current
        assert current
        assert current.pem == OLD.pem
        assert newest().event == "authority.added"

    def test_several_certificates_are_one_entry_and_its_card_shows_each(self, signed_in: Client) -> None:
        both = pkcs7.serialize_certificates([OLD.certificate, OTHER.certificate], Encoding.DER)
        assert _upload(signed_in, both, name="Both of ours").status_code == 303
        page = signed_in.get(LIST).content.decode()
        assert "Both of ours" in page
        assert "CN=Example CA, O=Example" in page
        assert "CN=Other CA, O=Example" in page
        assert "not used" in page

    def test_pasted_text_will_do(self, signed_in: Client) -> None:
        assert signed_in.post(f"{LIST}upload/", {"pem": OLD.pem}).status_code == 303

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "The file is empty"),
            (b"hello", "This holds no certificate"),
            (issue("leaf", by=OLD).der, "Certificate 1 is not an authority"),
            (OLD.pem.encode() + OLD.key_pem.encode(), "This holds a private key"),
            (OLD.pfx_file(), "This holds a private key"),
            (OLD.der[:100], "cut off"),
            (
                issue("gone", authority=True, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)).der,
                "Certificate 1 has expired",
            ),
        ],
        ids=[
            "nothing",
            "no certificate",
            "a leaf",
            "a key beside it",
            "a PFX file",
            "cut off",
            "expired",
        ],  # the bytes are new in each process
    )
    def test_what_is_no_authority_is_refused_at_the_file(self, signed_in: Client, data: bytes, sentence: str) -> None:
        answer = _upload(signed_in, data)
        assert answer.status_code == 422
        assert sentence in str(answer.context["form"].errors["file"])
        assert not Authority.objects.exists()

    def test_what_an_entry_holds_already_is_not_stored_twice(self, signed_in: Client) -> None:
        make_authority("ours", OLD, OTHER)
        answer = _upload(signed_in, OTHER.pem.encode() + OLD.pem.encode())  # the order changes nothing about who is trusted
        assert answer.status_code == 422
        assert "are the trusted authority ours already" in str(answer.context["form"].errors["file"])
        assert f'href="{LIST}ours/"' in answer.content.decode()

    def test_a_name_is_given_once_in_whatever_case(self, signed_in: Client) -> None:
        make_authority("ours", OLD)
        answer = _upload(signed_in, OTHER.der, name="OURS")
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"name"}


class TestTheList:
    def test_cards_name_the_apis_and_are_found_by_thumbprint(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        _admitting("partners", OLD)
        make_authority("unused", OTHER)
        page = signed_in.get(LIST, {"q": " ".join(OLD.thumbprint[at : at + 4] for at in range(0, 40, 4))}).content.decode()
        assert "/apis/orders/security/" in page
        assert "/apis/partners/callers/" in page
        assert "unused" not in page

    def test_more_entries_and_apis_take_no_more_queries(
        self, signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(6):
            _trusting(f"orders-{number}", OLD)
            make_authority(f"more-{number}")
        with django_assert_max_num_queries(14):
            signed_in.get(LIST)

    def test_without_any_it_says_what_to_do(self, signed_in: Client) -> None:
        assert "No trusted authorities yet" in signed_in.get(LIST).content.decode()


class TestTrusting:
    def test_pasted_pem_makes_an_entry_and_then_finds_it(self, signed_in: Client) -> None:
        for name in ("orders", "invoices"):
            make_api(name)
            assert signed_in.post(f"/apis/{name}/security/", SECURITY | {"trusted_ca": OLD.pem}).status_code == 303
        entry = Authority.objects.get()
        assert entry.name == "example-ca"
        assert set(Api.objects.values_list("trusted_authority", "trusted_ca")) == {(entry.pk, OLD.pem)}
        assert list(Activity.objects.filter(kind="authority").values_list("event", flat=True)) == ["authority.added"]

    def test_an_entry_is_chosen_by_name(self, signed_in: Client) -> None:
        entry = make_authority("ours", OLD)
        make_api("orders")
        assert 'value="ours"' in signed_in.get("/apis/orders/security/").content.decode()
        assert signed_in.post("/apis/orders/security/", SECURITY | {"trusted_authority": "ours"}).status_code == 303
        api = Api.objects.get()
        assert (api.trusted_authority, api.trusted_ca) == (entry, OLD.pem)
        form = signed_in.get("/apis/orders/security/").context["form"]
        assert (form["trusted_authority"].value(), form["trusted_ca"].value()) == ("ours", "")

    def test_none_chosen_means_the_systems_authorities_again(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        signed_in.post("/apis/orders/security/", SECURITY | {"trusted_authority": ""})
        api = Api.objects.get()
        assert (api.trusted_authority, api.trusted_ca) == (None, "")

    def test_one_that_is_not_there_is_refused_at_its_field(self, signed_in: Client) -> None:
        make_api("orders")
        answer = signed_in.post("/apis/orders/security/", SECURITY | {"trusted_authority": "nobody"})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"trusted_authority"}

    def test_callers_have_one_too(self, signed_in: Client) -> None:
        entry = make_authority("ours", OLD)
        make_api("orders")
        answer = signed_in.post("/apis/orders/callers/", {"caller_certificate": "required", "caller_authority": "ours"})
        assert answer.status_code == 303
        api = Api.objects.get()
        assert (api.caller_authority, api.caller_authorities) == (entry, OLD.pem)

    def test_too_many_for_a_drop_down_are_suggested(self, signed_in: Client) -> None:
        make_authority("ours", OLD)
        make_authority("theirs", OTHER)
        page = signed_in.get("/apis/suggestions/authorities/", {"trusted_authority": "our"}).content.decode()
        assert "ours" in page
        assert "theirs" not in page


class TestReplacing:
    def test_every_api_trusts_the_new_ones_from_then_on(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        _admitting("partners", OLD)
        _trusting("others", OTHER)
        assert _upload(signed_in, RENEWED.der, to=f"{PAGE}replace/", when="now").headers["Location"] == PAGE
        assert Api.objects.get(name="orders").trusted_ca == RENEWED.pem
        assert Api.objects.get(name="partners").caller_authorities == RENEWED.pem
        assert Api.objects.get(name="others").trusted_ca == OTHER.pem
        line = newest()
        assert line.event == "authority.replaced"
        assert line.changes["number"] == [1, 2]
        assert line.changes["certificates"][1][0].startswith("CN=Example CA, O=Example — ")

    def test_a_renewal_with_the_same_key_needs_no_confirmation_and_another_authority_does(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        answer = _upload(signed_in, OTHER.der, to=f"{PAGE}replace/", when="now")
        assert answer.headers["Location"] == f"{PAGE}replace/confirm/"
        assert Api.objects.get().trusted_ca == OLD.pem
        page = signed_in.get(f"{PAGE}replace/confirm/").content.decode()
        assert "CN=Example CA, O=Example is no longer trusted" in page
        refused = signed_in.post(f"{PAGE}replace/confirm/", {"when": "now"})
        assert refused.status_code == 422
        assert set(refused.context["form"].errors) == {"confirmed"}
        assert signed_in.post(f"{PAGE}replace/confirm/", {"when": "now", "confirmed": "on"}).headers["Location"] == PAGE
        assert Api.objects.get().trusted_ca == OTHER.pem
        assert not AuthorityCandidate.objects.exists()

    def test_a_form_decides_only_upon_the_version_that_it_was_shown_with(self, signed_in: Client) -> None:
        authority = make_authority("example-ca", OLD)
        seen = switching.propose(authority, bundle(OLD, OTHER), by=None, now=timezone.now())
        assert f'name="candidate" value="{seen.pk}"' in signed_in.get(f"{PAGE}replace/confirm/").content.decode()
        newer = switching.propose(authority, bundle(OLD, RENEWED), by=None, now=timezone.now())
        for form in ("confirm", "discard"):
            answer = signed_in.post(f"{PAGE}replace/{form}/", {"candidate": seen.pk, "when": "now"})
            assert answer.headers["Location"] == f"{PAGE}replace/confirm/"
            assert AuthorityCandidate.objects.get() == newer
        assert signed_in.post(f"{PAGE}replace/confirm/", {"candidate": newer.pk, "when": "now"}).headers["Location"] == PAGE
        assert not AuthorityCandidate.objects.exists()

    def test_another_key_under_the_same_name_is_warned_of(self, signed_in: Client) -> None:
        make_authority("example-ca", OLD)
        _upload(signed_in, issue("Example CA", authority=True).der, to=f"{PAGE}replace/", when="try")
        assert "comes with another key" in signed_in.get(f"{PAGE}replace/confirm/").content.decode()

    def test_it_is_rolled_back(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        actions.replace(Authority.objects.get(), bundle(RENEWED), by=None, now=timezone.now())
        assert signed_in.post(f"{PAGE}roll-back/", {"version": "1"}).headers["Location"] == PAGE
        assert Api.objects.get().trusted_ca == OLD.pem
        assert newest().event == "authority.rolled-back"
        assert signed_in.post(f"{PAGE}roll-back/", {"version": "7"}).status_code == 422

    def test_a_replacement_is_undone_and_any_version_restored_from_the_log(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        replaced = _upload(signed_in, RENEWED.der, to=f"{PAGE}replace/", when="now")
        line = newest()
        assert f"/activity/{line.pk}/undo/" in signed_in.get(replaced.headers["Location"]).content.decode()
        assert signed_in.post(f"/activity/{line.pk}/undo/").headers["Location"] == PAGE
        assert Api.objects.get().trusted_ca == OLD.pem
        assert signed_in.post(f"/activity/{line.pk}/restore/", {"values": "after"}).status_code == 303
        assert Api.objects.get().trusted_ca == RENEWED.pem
        make_authority("other", OLD)  # meanwhile
        refused = signed_in.post(f"/activity/{line.pk}/restore/", {"values": "before"})
        assert refused.status_code == 409
        assert "are the trusted authority other by now" in refused.content.decode()
        assert Api.objects.get().trusted_ca == RENEWED.pem

    def test_rolling_back_asks_first_and_says_what_changes_and_whom_it_hits(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        make_counts(Api.objects.get(), ok=1500)
        actions.replace(Authority.objects.get(), bundle(RENEWED), by=None, now=timezone.now())
        page = signed_in.get(f"{PAGE}roll-back/", {"version": "1"}).content.decode()
        for words in ("back to version 1?", "1,500 calls in the last 24 hours", OLD.thumbprint[-4:], RENEWED.thumbprint[-4:]):
            assert words in page
        assert Api.objects.get().trusted_ca == RENEWED.pem
        assert signed_in.get(f"{PAGE}roll-back/").status_code == 422

    def test_an_earlier_version_may_be_tried_before_it_is_trusted_again(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        actions.replace(Authority.objects.get(), bundle(RENEWED), by=None, now=timezone.now())
        answer = signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
        assert answer.headers["Location"] == f"{PAGE}replace/confirm/"
        assert AuthorityCandidate.objects.get().bundle.pem == OLD.pem
        assert Api.objects.get().trusted_ca == RENEWED.pem
        signed_in.post(f"{PAGE}replace/confirm/", {"when": "now", "confirmed": "on"})
        assert Api.objects.get().trusted_ca == OLD.pem

    def test_what_cannot_be_tried_is_said(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        actions.replace(Authority.objects.get(), bundle(RENEWED), by=None, now=timezone.now())
        assert signed_in.post(f"{PAGE}roll-back/", {"version": "2", "when": "try"}).status_code == 409
        signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
        candidate = AuthorityCandidate.objects.get()
        switching.plan(candidate, when=When.AT, at=timezone.now() + timedelta(days=1), by=None, now=timezone.now())
        answer = signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
        assert answer.status_code == 409
        assert "planned" in answer.content.decode()
        assert AuthorityCandidate.objects.get() == candidate

    def test_an_earlier_version_that_is_brought_again_is_current_again(self) -> None:
        entry = make_authority("ours", OLD)
        for issued in (RENEWED, OLD):
            actions.replace(entry, bundle(issued), by=None, now=timezone.now())
        entry.refresh_from_db()
        assert entry.current
        assert (entry.current.number, entry.versions.count()) == (1, 2)

    def test_two_entries_never_hold_the_same(self, signed_in: Client) -> None:
        make_authority("example-ca", OLD)
        make_authority("other", OTHER)
        answer = _upload(signed_in, OTHER.der, to=f"{PAGE}replace/", when="now")
        assert answer.status_code == 422
        assert "are the trusted authority other already" in str(answer.context["form"].errors["file"])

    def test_a_planned_switch_happens_at_its_moment(self) -> None:
        _trusting("orders", OLD)
        candidate = make_authority_candidate(Authority.objects.get(), RENEWED)
        now = timezone.now()
        switching.plan(candidate, when=When.AT, at=now - timedelta(seconds=1), by=None, now=now)
        AuthorityKeeper().step()
        assert Api.objects.get().trusted_ca == RENEWED.pem

    def test_while_one_is_planned_no_other_is_proposed(self, signed_in: Client) -> None:
        candidate = make_authority_candidate(make_authority("example-ca", OLD), RENEWED)
        switching.plan(candidate, when=When.AT, at=timezone.now() + timedelta(days=1), by=None, now=timezone.now())
        answer = _upload(signed_in, OTHER.der, to=f"{PAGE}replace/", when="try")
        assert answer.status_code == 422
        assert "planned already" in answer.content.decode()
        assert signed_in.post(f"{PAGE}replace/discard/").headers["Location"] == PAGE
        assert not AuthorityCandidate.objects.exists()


class TestDeleting:
    def test_one_that_is_in_use_stays_and_the_page_names_the_apis(self, signed_in: Client) -> None:
        _trusting("orders", OLD)
        _admitting("partners", OLD)
        answer = signed_in.post(f"{PAGE}delete/")
        assert answer.status_code == 409
        assert "/apis/orders/security/" in answer.content.decode()
        assert "/apis/partners/callers/" in answer.content.decode()
        assert Authority.objects.exists()

    def test_one_that_nobody_trusts_is_deleted(self, signed_in: Client) -> None:
        make_authority("example-ca", OLD)
        assert signed_in.post(f"{PAGE}delete/").headers["Location"] == LIST
        assert not Authority.objects.exists()
        assert newest().event == "authority.deleted"


class TestBesideTheReleaseBefore:
    """A process of the release before knows no entries: it writes the text alone, and nothing of that is lost."""

    def test_what_it_has_written_becomes_an_entry(self) -> None:
        for name in ("first", "second"):
            api = make_api(name)
            Api.objects.filter(pk=api.pk).update(trusted_ca=OLD.pem, caller_authorities=OTHER.pem)
        adopt(now=timezone.now())
        assert set(Api.objects.values_list("trusted_authority__name", "caller_authority__name")) == {("example-ca", "other-ca")}

    def test_what_it_has_changed_or_taken_away_counts(self) -> None:
        changed, emptied = _trusting("changed", OLD), _trusting("emptied", OLD)
        Api.objects.filter(pk=changed.pk).update(trusted_ca=OTHER.pem)
        Api.objects.filter(pk=emptied.pk).update(trusted_ca="")
        actions.replace(Authority.objects.get(), bundle(RENEWED), by=None, now=timezone.now())
        adopt(now=timezone.now())
        assert list(Api.objects.order_by("name").values_list("trusted_authority__name", "trusted_ca")) == [
            ("other-ca", OTHER.pem),
            (None, ""),
        ]

    def test_what_is_no_certificate_stays_what_it_is(self) -> None:
        api = make_api("orders")
        Api.objects.filter(pk=api.pk).update(trusted_ca="nonsense")
        adopt(now=timezone.now())
        assert Api.objects.filter(trusted_authority=None, trusted_ca="nonsense").exists()


def test_certificates_are_written_as_everybody_writes_them() -> None:
    assert bundle_of(f"ours\n{OLD.pem}{OLD.pem}").pem == OLD.pem
