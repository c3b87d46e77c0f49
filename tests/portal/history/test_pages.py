"""The history of one thing: its lines alone, narrowed, page by page; as quick however long the log is."""

from __future__ import annotations

import html
import re
from datetime import UTC
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api
from certificates import actions as certificate_actions
from portal.activity.reading import LINES_PER_PAGE
from portal.history.reading import about
from portal.history.words import label
from portal.models import Activity
from tests.makers import issue, make_api, make_authority, make_certificate, make_lines, make_server_certificate, make_subscription

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def page(client: Client, path: str) -> str:
    return html.unescape(client.get(path).content.decode())


@pytest.fixture
def everything(db: None) -> None:
    """Change one thing of each kind, beside others of the kind."""
    for name in ("orders", "stock"):
        api = make_api(name)
        settings = actions.ApiSettings(display_name=name, service_url=f"https://new-{name}.example.com", path=name)
        actions.change_api(api, settings, by=None, now=NOW)
    make_subscription("mobile")
    actions.change_subscription(make_subscription("all"), display_name="Everybody", api=None, by=None, now=NOW)
    certificate_actions.replace(make_certificate("client"), issue("next-client").as_pfx(), by=None, now=NOW)
    make_authority("corporate")
    make_authority("other")
    certificate_actions.replace(make_server_certificate("a.example.com"), issue("next-server").as_pfx(), by=None, now=NOW)


@pytest.mark.parametrize(
    ("path", "shown", "absent"),
    [
        ("/apis/orders/history/", ["https://new-orders.example.com", "added the API"], "new-stock"),
        ("/subscriptions/all/history/", ["Everybody"], "Mobile"),
        ("/security/client-certificates/client/history/", ["CN=next-client", "uploaded the certificate"], "next-server"),
        ("/security/trusted-authorities/corporate/history/", ["added", "corporate"], "other"),
        ("/security/server-certificates/a.example.com/history/", ["CN=next-server"], "next-client"),
    ],
)
def test_it_tells_of_one_thing_from_what_to_what(everything: None, signed_in: Client, path: str, shown: list[str], absent: str) -> None:
    text = page(signed_in, path)
    assert not [one for one in shown if one not in text]
    assert absent not in text
    assert path in page(signed_in, path.removesuffix("history/")), "its page leads to it"


def test_it_is_narrowed_by_event_person_and_days(everything: None, signed_in: Client) -> None:
    history = "/apis/orders/history/"
    assert "added the API" not in page(signed_in, f"{history}?kind=api.changed")
    for query in ("who=nobody", "from=2100-01-01", "to=2020-01-01"):
        assert "Nothing matches" in page(signed_in, f"{history}?{query}")
    assert 'value="certificate.' not in page(signed_in, history)


def test_fields_are_called_as_their_forms_call_them(signed_in: Client) -> None:
    api = make_api()
    actions.change_calls(api, actions.ApiCalls(connect_seconds=9), by=None, now=NOW)
    operation = api.operations.get()
    actions.change_operation(operation, display_name="Other", method="GET", url_template="/x", by=None, now=NOW)
    text = page(signed_in, "/apis/orders/history/")
    assert "<dt>Time to connect</dt>" in text
    assert "<dt>Display name</dt>" in text


def test_moments_and_pasted_certificates_are_told_in_words(signed_in: Client) -> None:
    version = make_certificate("orders-client").current
    assert version
    text = page(signed_in, "/security/client-certificates/orders-client/history/")
    assert f"{version.not_after.astimezone(UTC):%H:%M:%S} UTC" in text
    assert "+00:00<" not in text
    lines = [Activity(event="api.secured"), Activity(event="backend.changed")]
    assert {label(line, "trusted_ca") for line in lines} == {"Certificates of the trusted authority"}


def test_long_histories_are_turned_page_by_page(signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    api = make_api()
    make_lines(2 * LINES_PER_PAGE, subject_id=str(api.pk), subject_name=api.name, changes={"path": ["a", "b"]})
    make_lines(LINES_PER_PAGE, event="subscription.changed")
    with django_assert_max_num_queries(25):
        first = page(signed_in, "/apis/orders/history/?kind=api.changed")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = page(signed_in, f"/apis/orders/history/{older[1]}")
    assert first.count("values</summary>") == second.count("values</summary>")
    assert 'rel="next"' not in second


def test_whoever_has_no_role_sees_no_history(everything: None, client: Client) -> None:
    client.force_login(User.objects.create_user("without-role"))
    assert client.get("/apis/orders/history/").status_code == 403


def test_the_lines_of_one_thing_are_found_by_an_index() -> None:
    api = make_api()
    make_lines(1000, subject_id="another")
    query = about("api", api.pk).lines.order_by("-id")[:LINES_PER_PAGE]
    sql, values = query.query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE portal_activity")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {'' if connection.vendor == 'postgresql' else 'QUERY PLAN '}{sql}", values)
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "activity_about_one_thing" in plan


def test_lines_that_were_tampered_with_break_no_page(signed_in: Client) -> None:
    odd: list[Any] = [{"path": 7, "name": [], "credentials": [["x"], {"y": 1}]}, [1], {"service_url": [None, 5]}]
    for changes in odd:
        make_lines(1, subject_id="x", changes=changes)
        make_lines(1, subject_name=make_api(f"api-{len(Api.objects.all())}").name, changes=changes)
    for line in Activity.objects.exclude(kind="sign-in"):
        assert signed_in.get(f"/activity/{line.id}/").status_code == 200
        assert signed_in.post(f"/activity/{line.id}/restore/").status_code in {303, 409}


def test_long_values_are_whole_on_the_page_of_the_line(signed_in: Client) -> None:
    long = "x" * 2000
    make_lines(1, changes={"description": ["", long]})
    assert long not in page(signed_in, "/activity/")
    line = Activity.objects.order_by("-id")[0]
    assert re.search(rf"<div>{long}</div>", page(signed_in, f"/activity/{line.id}/"))
