"""From what a gateway has counted of refused calls to the mail that tells of them, and to the one that tells that it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from apis import actions
from apis.models import Credentials
from gateway.compile import cluster_name
from gateway.control.counting import write
from gateway.seeing.readings import Reading, Unanswered
from tests.makers import make_api
from tests.notices.conftest import NOW, Telling, certificate

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_calls_that_a_back_end_begins_to_refuse_are_told_by_mail_once_and_that_they_are_no_longer(
    telling: Telling, publisher: User
) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate("orders-client", days=200))
    api = actions.secure_api(make_api(), chosen, by=None, now=NOW)
    assert api.presented
    # As nginx refuses: with a page.
    page = Unanswered(route="orders", presented=api.presented.thumbprint, kind="client-certificate-refused", status=400, flags="-")

    def count(at: datetime, **totals: int) -> None:
        """Have the control plane take what the gateway's counters are at, as it does."""
        counters = {"2xx": totals["well"], "4xx": totals["refused"], str(page): totals["refused"]}
        reading = Reading(envoy="one", number=int(at.timestamp()), series={cluster_name(api.pk): counters})
        with transaction.atomic():
            write("edge", reading, at=at)

    count(NOW - timedelta(hours=3), well=996, refused=0)
    assert telling() == []
    count(NOW, well=998, refused=38)
    (mail,) = telling()
    assert mail.to == "publisher@example.com"
    assert "Orders fails: 38 of 40 calls in 10 minutes, 38 refusals of the certificate, version 1; before, 0 %." in mail.text
    assert "https://portal.example.com/failures/?api=orders" in mail.text
    count(NOW + MINUTE, well=1500, refused=38)
    assert telling(NOW + MINUTE) == []
    (over,) = telling(NOW + 20 * MINUTE)
    assert "Orders is in order again" in over.subject
    assert telling(NOW + 21 * MINUTE) == []
