"""A certificate that thousands of APIs present: its pages take few queries, and show the first rows, what fails before all else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis.models import Api
from apis.moving import actions as moving
from apis.moving.models import TriedMove
from certificates.models import ClientCertificate
from certificates.rollout import actions
from certificates.rollout.models import Outcome, Tried
from certificates.rollout.tables import MOST_ROWS
from gateway.trying import HandshakeTrier
from kit.issuing import issue
from portal.activity import last_line
from tests.apis.bulk import many_apis
from tests.makers import make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGE = "/security/client-certificates/orders-client/"
NUMBER = 5000
REFUSING = "many-04711"


@pytest.fixture
def entry(publisher: User) -> ClientCertificate:
    made = make_certificate()
    many_apis(NUMBER, certificate=made)
    return made


def _tried(proposal: Any, model: Any, **of: object) -> None:
    """Store that all have accepted it but one, as the process that tries does."""
    model.objects.bulk_create(
        model(
            **of,
            api=api,
            display_name=api.title(),
            back_end=back_end,
            gateway=gateway,
            outcome=Outcome.REFUSED if api == REFUSING else Outcome.ACCEPTED,
            reason="alert" if api == REFUSING else "handshake",
        )
        for api, back_end in HandshakeTrier().back_ends(proposal).items()
        for gateway in ("", "north")
    )
    type(proposal).objects.filter(pk=proposal.pk).update(tried_for=proposal.try_asked_at, tried_at=timezone.now())


def _look(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    assert len(answer.content) < 400_000, "somebody has to read it"
    return answer.content.decode()


def test_its_page_compare_try_switch_and_receipt(
    signed_in: Client, entry: ClientCertificate, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    candidate = actions.propose(entry, issue("orders-client").as_pfx(), by=None, now=timezone.now())
    _tried(candidate, Tried, candidate=candidate)
    with django_assert_max_num_queries(45):
        assert "5,000" in _look(signed_in, PAGE)
    with django_assert_max_num_queries(30):
        confirm = _look(signed_in, f"{PAGE}replace/confirm/")
    assert "Switch the 4,999 APIs that accept it" in confirm
    assert REFUSING.title() in confirm.partition('id="tries"')[2].partition("</tr>")[2].partition("</tr>")[0], "what fails comes first"
    assert f"And {NUMBER - MOST_ROWS:,} more." in confirm
    with django_assert_max_num_queries(20):
        signed_in.get(f"{PAGE}replace/try/", headers={"hx-request": "true"})
    with django_assert_max_num_queries(90):
        signed_in.post(f"{PAGE}replace/confirm/", {"when": "accepted"})
    assert Api.objects.get(stays_with__isnull=False).name == REFUSING
    with django_assert_max_num_queries(45):
        assert "Staying with an earlier version" in _look(signed_in, PAGE)
    with django_assert_max_num_queries(30):
        receipt = _look(signed_in, f"{PAGE}receipts/{last_line() - 1}/")
    assert "more are in the signed file" in receipt


def test_moving_all_of_them(signed_in: Client, entry: ClientCertificate, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    other = make_certificate("other")
    move = moving.propose(other, Api.objects.filter(certificate=entry), by=None, now=timezone.now())
    _tried(move, TriedMove, move=move)
    with django_assert_max_num_queries(40):
        page = _look(signed_in, f"/apis/moves/{move.pk}/")
    assert f"And {NUMBER - MOST_ROWS:,} more." in page
    assert "apis=many-00000&amp;" not in page, "no browser sends an address of thousands of names"
