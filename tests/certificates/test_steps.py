"""A switch in steps and the way back, as actions, keeper and pages make them; what is seen comes from counts of calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.models import CertificateVersion, ClientCertificate, Kind
from certificates.rollout import actions, destroying, keeper
from certificates.rollout.models import Candidate, Outcome, Probation, Receipt, Rules, Tried, When
from gateway.control.fallbacks import Fallback, earlier_versions, fallbacks_of
from gateway.control.reading import rows as api_rows
from gateway.counts import Span, VersionCount
from gateway.models import FailedCall, FailureKind
from kit.issuing import Issued, issue
from portal.models import Activity, Event
from portal.troubles import troubles
from tests.makers import make_api, make_certificate, make_failed_call, make_server_certificate
from tests.types import Page

pytestmark = pytest.mark.django_db
PAGE = "/security/client-certificates/orders-client/"
CONFIRM = f"{PAGE}replace/confirm/"
RENEWED = issue("orders-client")
IN_STEPS: dict[str, Any] = {"canary": "orders", "canary_minutes": "20"}


def _present(entry: ClientCertificate, name: str) -> Api:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
    return api_actions.secure_api(make_api(name), chosen, by=None, now=timezone.now())


@pytest.fixture
def entry() -> ClientCertificate:
    """Return an entry that two APIs present."""
    made = make_certificate()
    for name in ("orders", "invoices"):
        _present(made, name)
    return made


def _presented() -> dict[str, int]:
    """Return which version each API presents, as the control plane compiles it."""
    return {api.name: api.presented.number for api in api_rows() if api.presented}


def _number(fallback: Fallback) -> int:
    return CertificateVersion.objects.get(pk=fallback.certificate_version).number


def _propose(client: Client, issued: Issued = RENEWED, **more: str) -> Page:
    file = SimpleUploadedFile("client.pfx", issued.pfx_file())
    return client.post(f"{PAGE}replace/", {"file": file, "password": "secret", **more})


def _step() -> None:
    keeper.Switches().step()


def _calls(version: int, api: str, *, ok: int = 0, refused: int = 0) -> None:
    """Count calls of this moment, as a gateway's readings are."""
    now = timezone.now()
    for span in (Span.MINUTE, Span.HOUR):
        VersionCount.objects.create(
            version=CertificateVersion.objects.get(number=version, kind=Kind.CLIENT),
            api=Api.objects.get(name=api),
            span=span,
            at=span.begin(now),
            first_at=now,
            last_at=now,
            ok=ok,
            refused_certificate=refused,
        )


def _time_is_over() -> None:
    Probation.objects.filter(ended_at=None).update(ends_at=timezone.now() - timedelta(seconds=1))


def _words(client: Client, page: str = PAGE) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_pages_of_apis_say_which_one_is_first_with_which_version_until_when(signed_in: Client, entry: ClientCertificate) -> None:
    assert "alone until" not in _words(signed_in, "/apis/orders/")
    _propose(signed_in, when="now", **IN_STEPS)
    probation, canary, other = Probation.objects.get(), _words(signed_in, "/apis/orders/"), _words(signed_in, "/apis/invoices/")
    assert "First with version 2, alone until" in canary
    assert RENEWED.thumbprint in canary
    assert "Version 2 follows here if the API orders keeps it until" in other
    assert RENEWED.thumbprint not in other
    for page in (canary, other):
        assert f"{probation.ends_at:%H:%M} UTC" in page
        assert f'href="{PAGE}#probation"' in page
    _time_is_over()
    _step()
    assert "alone until" not in _words(signed_in, "/apis/orders/")


def test_the_canary_alone_presents_the_new_version_then_all_do(signed_in: Client, publisher: User, entry: ClientCertificate) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    assert _presented() == {"orders": 2, "invoices": 1}
    assert not Candidate.objects.exists()
    page = _words(signed_in)
    assert "The API orders alone presents version 2" in page
    assert "Switch all APIs now" in page
    _calls(2, "orders", ok=50)
    _step()
    assert _presented() == {"orders": 2, "invoices": 1}
    _time_is_over()
    _step()
    _step()
    assert _presented() == {"orders": 2, "invoices": 2}
    events = list(Activity.objects.order_by("id").filter(kind="certificate").values_list("event", "actor_name"))[-2:]
    assert events == [(Event.CERTIFICATE_CANARY_BEGAN, str(publisher)), (Event.CERTIFICATE_REPLACED, str(publisher))]
    assert "Version 2 is on probation" in _words(signed_in)
    _time_is_over()
    _step()
    assert "on probation" not in _words(signed_in)
    assert _presented() == {"orders": 2, "invoices": 2}


def test_a_canary_whose_back_end_refuses_is_put_back_and_nobody_else_has_seen_the_new_version(
    signed_in: Client, entry: ClientCertificate
) -> None:
    _calls(1, "orders", ok=240)
    _propose(signed_in, when="now", **IN_STEPS)
    _calls(2, "orders", ok=1, refused=9)
    call = make_failed_call(api=Api.objects.get(name="orders"))
    FailedCall.objects.filter(pk=call.pk).update(kind=FailureKind.CLIENT_CERTIFICATE_REFUSED, presented=entry.versions.get(number=2))
    _step()
    _step()
    assert _presented() == {"orders": 1, "invoices": 1}
    page = _words(signed_in)
    assert "was taken back" in page
    assert "Only the API orders had presented it; no other has." in page
    assert "9 of 10 calls" in page
    assert "0 of 240 calls" in page
    assert "The back end refused the client certificate." in page
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_PUT_BACK
    (trouble,) = troubles()
    assert (trouble.name, trouble.path, trouble.entry) == ("orders-client", PAGE, entry.pk)
    assert "orders-client" in signed_in.get("/").content.decode()
    receipt = Receipt.objects.get()
    assert receipt.content["probation"]["outcome"] == "put-back"
    assert "9 of 10 calls" in _words(signed_in, f"{PAGE}receipts/{receipt.change}/")


def test_a_whole_switch_is_put_back_too_and_leaves_a_receipt_of_each(signed_in: Client, entry: ClientCertificate) -> None:
    _calls(1, "invoices", ok=20)
    _propose(signed_in)
    _calls(2, "orders", ok=500)
    _calls(2, "invoices", ok=5, refused=5)
    _step()
    _step()
    assert _presented() == {"orders": 1, "invoices": 1}
    assert list(Receipt.objects.values_list("content__what", "content__version__number")) == [("put-back", 1), ("replaced", 2)]
    assert "Version 1 is presented as before." in _words(signed_in)
    certificate_actions.replace(ClientCertificate.objects.get(), issue("orders-client").as_pfx(), by=None, now=timezone.now())
    assert not troubles()
    assert "was taken back" not in _words(signed_in)


def test_what_comes_again_is_not_put_back_for_what_was_refused_before_its_back_end_was_mended(
    signed_in: Client, entry: ClientCertificate
) -> None:
    _calls(1, "orders", ok=20)
    _propose(signed_in)
    _calls(2, "orders", refused=9)
    _step()
    assert _presented()["orders"] == 1
    signed_in.post(f"{PAGE}roll-back/", {"version": "2", "when": "try"})
    assert signed_in.post(f"{PAGE}replace/confirm/", {"when": "now"}).status_code == 303
    _step()
    assert _presented()["orders"] == 2, "what is seen in that minute was refused before"
    now = timezone.now()
    VersionCount.objects.filter(version__number=2, span=Span.MINUTE).update(first_at=now, at=Span.MINUTE.begin(now))
    _step()
    assert _presented()["orders"] == 1, "what is refused from now on counts"


@pytest.mark.parametrize(
    ("before", "after"),
    [({"refused": 20}, {"refused": 5}), ({"ok": 20}, {"ok": 100, "refused": 2}), ({"ok": 30, "refused": 10}, {"ok": 6, "refused": 3})],
)
def test_refusals_that_have_not_risen_put_nothing_back(
    signed_in: Client, entry: ClientCertificate, before: dict[str, int], after: dict[str, int]
) -> None:
    _calls(1, "orders", **before)
    _propose(signed_in)
    _calls(2, "orders", **after)
    _step()
    assert _presented() == {"orders": 2, "invoices": 2}


def test_a_refusal_that_was_known_when_somebody_confirmed_puts_nothing_back(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in, when="try")
    candidate = Candidate.objects.get()
    Tried.objects.create(candidate=candidate, api="orders", display_name="Orders", back_end="x", outcome=Outcome.REFUSED, reason="alert")
    signed_in.post(CONFIRM, {"when": "now"})
    _calls(2, "orders", refused=50)
    _step()
    assert _presented() == {"orders": 2, "invoices": 2}
    _calls(2, "invoices", refused=3)
    _step()
    assert _presented() == {"orders": 1, "invoices": 1}


def test_a_canary_is_put_back_also_where_its_refusal_was_known(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in, when="try")
    candidate = Candidate.objects.get()
    Tried.objects.create(candidate=candidate, api="orders", display_name="Orders", back_end="x", outcome=Outcome.REFUSED, reason="alert")
    signed_in.post(CONFIRM, {"when": "now", **IN_STEPS})
    assert _presented() == {"orders": 2, "invoices": 1}
    _calls(2, "orders", refused=3)
    _step()
    assert _presented() == {"orders": 1, "invoices": 1}


def test_nothing_is_put_back_where_the_rules_say_never(signed_in: Client, entry: ClientCertificate) -> None:
    Rules.objects.create(certificate=entry, probation_minutes=None)
    _propose(signed_in)
    _calls(2, "orders", refused=50)
    _step()
    assert _presented() == {"orders": 2, "invoices": 2}


def test_a_version_whose_predecessor_has_lost_its_key_stays(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    destroying.destroy_key(entry, version=1, by=None, now=timezone.now())
    _calls(2, "orders", refused=50)
    _step()
    assert _presented() == {"orders": 2, "invoices": 2}
    signed_in.post(f"{PAGE}replace/put-back/")
    assert "was destroyed, so it cannot be put back" in _words(signed_in)


def test_a_persons_roll_back_ends_a_probation_and_begins_none(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    signed_in.post(f"{PAGE}roll-back/", {"version": "1"})
    assert Probation.objects.get().outcome == Probation.Outcome.SUPERSEDED
    assert "probation" not in _words(signed_in)


def test_a_person_goes_on_or_puts_back_before_the_time_is_over(signed_in: Client, publisher: User, entry: ClientCertificate) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    signed_in.post(f"{PAGE}replace/put-back/")
    assert _presented() == {"orders": 1, "invoices": 1}
    assert not troubles(), "who has done it knows"
    signed_in.post(f"{PAGE}roll-back/", {"version": "2", "when": "now", **IN_STEPS})
    assert _presented() == {"orders": 2, "invoices": 1}
    signed_in.post(f"{PAGE}replace/go-on/")
    assert _presented() == {"orders": 2, "invoices": 2}
    assert Probation.objects.filter(ended_by=publisher).count() == 2
    _time_is_over()
    _step()
    for late in ("go-on", "put-back"):
        assert signed_in.post(f"{PAGE}replace/{late}/").headers["Location"] == PAGE
        assert "decided meanwhile" in _words(signed_in)


@pytest.mark.parametrize("button", ["go-on", "put-back"])
def test_a_button_decides_only_upon_the_probation_that_it_was_shown_with(signed_in: Client, entry: ClientCertificate, button: str) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    seen = Probation.objects.get().pk
    assert f'name="probation" value="{seen}"' in _words(signed_in)
    signed_in.post(f"{PAGE}replace/put-back/", {"probation": seen})
    _propose(signed_in, issue("orders-client"), when="now", **IN_STEPS)
    assert _presented() == {"orders": 3, "invoices": 1}
    signed_in.post(f"{PAGE}replace/{button}/", {"probation": seen})
    assert _presented() == {"orders": 3, "invoices": 1}
    assert "decided meanwhile" in _words(signed_in)


def test_going_on_ends_no_probation_of_what_all_present(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    signed_in.post(f"{PAGE}replace/go-on/")
    assert Probation.objects.get().ended_at is None


def test_while_a_switch_goes_in_steps_nothing_else_is_proposed(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    page = _propose(signed_in, issue("orders-client"), when="try")
    assert page.status_code == 422
    assert "goes in steps just now" in page.content.decode()
    with pytest.raises(destroying.StillPresented):
        destroying.destroy_key(entry, version=2, by=None, now=timezone.now())


def test_a_replacement_at_once_ends_the_steps(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    certificate_actions.replace(entry, issue("orders-client").as_pfx(), by=None, now=timezone.now())
    assert _presented() == {"orders": 3, "invoices": 3}


class TestByTheRules:
    """Who has said once which API is the canary need not say it again."""

    @pytest.fixture(autouse=True)
    def rules(self, signed_in: Client, entry: ClientCertificate) -> ClientCertificate:
        """Let `orders` be the canary."""
        said = {"sources": "tried", "window_zone": "UTC", "canary": "orders", "canary_minutes": "7", "probation_minutes": "30"}
        assert signed_in.post(f"{PAGE}rules/", said).status_code == 303
        return entry

    @pytest.mark.parametrize("said", [{}, {"when": "now"}])
    def test_a_replacement_goes_in_steps(self, signed_in: Client, said: dict[str, Any]) -> None:
        _propose(signed_in, **said)
        assert _presented() == {"orders": 2, "invoices": 1}
        probation = Probation.objects.get()
        assert probation.ends_at - probation.began_at == timedelta(minutes=7)

    def test_a_form_that_does_not_ask_for_steps_changes_none(self, signed_in: Client) -> None:
        assert signed_in.post(f"{PAGE}rules/", {"sources": "person"}).status_code == 303
        rules = Rules.objects.get()
        assert (rules.sources, rules.canary, rules.canary_minutes, rules.probation_minutes) == ("person", "orders", 7, 30)

    def test_an_empty_canary_is_the_word_for_all_at_once(self, signed_in: Client) -> None:
        _propose(signed_in, when="try")
        assert 'value="orders"' in _words(signed_in, CONFIRM)
        signed_in.post(CONFIRM, {"when": "now", "canary": "", "canary_minutes": ""})
        assert _presented() == {"orders": 2, "invoices": 2}

    def test_a_planned_switch_goes_in_the_steps_that_were_chosen_for_it(self, signed_in: Client) -> None:
        _propose(signed_in, when="try")
        at = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
        signed_in.post(CONFIRM, {"when": "at", "at": at, "canary": "invoices", "canary_minutes": "3"})
        Candidate.objects.update(at=timezone.now() - timedelta(seconds=1))
        _step()
        assert _presented() == {"orders": 1, "invoices": 2}

    def test_what_a_source_brings_goes_in_steps_and_once_put_back_is_not_brought_again(self, entry: ClientCertificate) -> None:
        def bring() -> None:
            entry.refresh_from_db()
            actions.bring(entry, RENEWED.as_pfx(), by=None, now=timezone.now(), source="watched")

        bring()
        Candidate.objects.update(tried_for=Candidate.objects.get().try_asked_at)
        _step()
        assert _presented() == {"orders": 2, "invoices": 1}
        bring()
        _calls(2, "orders", refused=3)
        _step()
        bring()
        assert not Candidate.objects.exists()
        assert _presented() == {"orders": 1, "invoices": 1}

    def test_a_pipeline_goes_in_steps(self, entry: ClientCertificate) -> None:
        assert actions.renew(entry, RENEWED.as_pfx(), by=None, now=timezone.now()).canary == "orders"
        assert _presented() == {"orders": 2, "invoices": 1}

    def test_a_roll_back_is_at_once(self, signed_in: Client, entry: ClientCertificate) -> None:
        certificate_actions.replace(entry, RENEWED.as_pfx(), by=None, now=timezone.now())
        signed_in.post(f"{PAGE}roll-back/", {"version": "1"})
        assert _presented() == {"orders": 1, "invoices": 1}

    def test_without_the_canary_nothing_is_switched_and_the_page_says_why(self, signed_in: Client) -> None:
        api_actions.delete_api(Api.objects.get(name="orders"), by=None, now=timezone.now())
        _propose(signed_in, when="try")
        page = signed_in.post(CONFIRM, {"when": "now"})
        assert page.status_code == 422
        assert "does not present orders-client" in page.context["form"].errors["canary"][0]
        Candidate.objects.update(when=When.AT, at=timezone.now() - timedelta(seconds=1))
        _step()
        assert _presented() == {"invoices": 1}
        assert "does not present orders-client" in _words(signed_in)


@pytest.mark.parametrize("where", ["rules/", "replace/confirm/"])
def test_an_api_that_does_not_present_the_entry_is_no_canary(signed_in: Client, entry: ClientCertificate, where: str) -> None:
    make_api("stranger")
    _propose(signed_in, when="try")
    said = {"when": "now", "sources": "tried", "canary": "stranger", "canary_minutes": "5", "probation_minutes": "5"}
    page = signed_in.post(PAGE + where, said)
    assert page.status_code == 422
    assert page.context["form"].errors["canary"] == ["No API of this name presents this certificate. Choose one that does, or none."]
    assert page.context["form"]["canary"].value() == "stranger"


def test_server_certificates_have_no_canary(signed_in: Client) -> None:
    make_server_certificate()
    page = signed_in.get("/security/server-certificates/api.example.com/rules/")
    assert "canary" not in page.context["form"].fields


def test_what_stands_in_for_a_canarys_cluster_is_what_the_others_present(signed_in: Client, entry: ClientCertificate) -> None:
    third = issue("orders-client")
    _propose(signed_in)
    _propose(signed_in, third, when="now", **IN_STEPS)
    rows = list(api_rows())
    earlier = earlier_versions({api.certificate.pk: api.certificate for api in rows if api.certificate}.values())
    numbers = {api.name: [_number(one) for one in fallbacks_of(api.policy(), api.certificate, api.presented, earlier)] for api in rows}
    assert numbers == {"orders": [2, 1], "invoices": [1]}


def test_an_api_that_takes_another_entry_is_a_canary_no_more(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in, when="now", **IN_STEPS)
    other = make_certificate("other", issue("other"))
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=other)
    api_actions.secure_api(Api.objects.get(name="orders"), chosen, by=None, now=timezone.now())
    assert _presented() == {"orders": 1, "invoices": 1}
