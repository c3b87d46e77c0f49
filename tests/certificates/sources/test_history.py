"""Where entries renewed themselves from is put back from the log, as long as what it takes is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from certificates.models import ClientCertificate
from certificates.signing import KeyKind
from certificates.sources import actions
from certificates.sources.acme.actions import order_later
from certificates.sources.acme.ordering import Wish
from certificates.sources.models import Source, SourceKind
from portal.models import Activity
from tests.certificates.sources.places import FIRST, LIST, SECOND, WATCH, watched, write
from tests.makers import make_certificate

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]


def test_where_it_renews_itself_from_is_undone_and_put_back_from_the_log(signed_in: Client, folder: Path) -> None:
    watched(folder)
    stopped = signed_in.post(f"{LIST}orders/unwatch/", follow=True).content.decode()
    line = Activity.objects.latest("id")
    assert line.changes == {"place": [f"{folder}/orders.pem", None]}
    assert f"/activity/{line.pk}/undo/" in stopped
    assert signed_in.post(f"/activity/{line.pk}/undo/").headers["Location"] == f"{LIST}orders/"
    assert Source.objects.get().settings == {"path": f"{folder}/orders.pem"}
    write(folder / "next.pfx", SECOND.pfx_file("secret"))
    write(folder / "password", "secret")
    elsewhere = {"path": f"{folder}/next.pfx", "password_file": f"{folder}/password"}
    signed_in.post(WATCH, {"name": "orders", **elsewhere})
    moved = Activity.objects.latest("id")
    assert moved.changes == {"place": [f"{folder}/orders.pem", elsewhere["path"]], "password_file": [None, elsewhere["password_file"]]}
    assert "Password file" in signed_in.get(f"/activity/{moved.pk}/").content.decode()
    for values, settings in (("before", {"path": f"{folder}/orders.pem"}), ("after", elsewhere)):
        assert signed_in.post(f"/activity/{moved.pk}/restore/", {"values": values}).status_code == 303
        assert Source.objects.get().settings == settings
    (folder / "orders.pem").unlink()
    refused = signed_in.post(f"/activity/{moved.pk}/restore/", {"values": "before"})
    assert refused.status_code == 409
    assert Source.objects.get().settings == elsewhere


def test_what_was_ordered_is_not_put_back_without_its_account(signed_in: Client) -> None:
    entry = make_certificate("orders", FIRST)
    ordered = {"directory": "https://acme.test", "names": "a.test"}
    Source.objects.create(certificate_id=entry.pk, kind=SourceKind.ACME, looked_at=timezone.now(), settings=ordered)
    actions.unwatch(entry, by=None, now=timezone.now())
    refused = signed_in.post(f"/activity/{Activity.objects.latest('id').pk}/undo/")
    assert refused.status_code == 409
    assert "Order the certificate by ACME anew" in refused.content.decode()
    assert not Source.objects.exists()


def test_what_is_put_back_takes_nothing_from_a_place_that_came_between(signed_in: Client, folder: Path) -> None:
    watched(folder)
    first = Activity.objects.latest("id")
    entry = ClientCertificate.objects.get()
    write(folder / "next.pfx", SECOND.pfx_file("secret"))
    write(folder / "password", "secret")
    signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/next.pfx", "password_file": f"{folder}/password"})
    assert signed_in.post(f"/activity/{first.pk}/restore/", {"values": "after"}).status_code == 303
    assert Source.objects.get().settings == {"path": f"{folder}/orders.pem"}
    wish = Wish(directory="https://acme.test", names=("a.test",), key=KeyKind.EC_P256, challenge="http-01")
    order_later(entry, wish, by=None, now=timezone.now())
    assert signed_in.post(f"/activity/{first.pk}/restore/", {"values": "after"}).status_code == 303
    assert Source.objects.get().settings == {"path": f"{folder}/orders.pem"}
