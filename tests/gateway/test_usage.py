"""How often each API is called: what Envoy reports, how it adds up, what the pages show."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from envoy.config.endpoint.v3.load_report_pb2 import ClusterStats, UpstreamLocalityStats
from envoy.service.load_stats.v3.lrs_pb2 import LoadStatsRequest

from apis import actions
from apis.models import Credentials, KeyKind
from gateway.compile import cluster_name
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.models import FailedCall, Usage
from gateway.seeing.failures import count_of
from gateway.seeing.usage import Count, counts_of
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.issuing import Issued
from tests.makers import make_api, make_certificate, make_subscription, make_usage


def _report(*clusters: ClusterStats) -> LoadStatsRequest:
    return LoadStatsRequest(cluster_stats=clusters)


def _cluster(name: str, *issued: int) -> ClusterStats:
    return ClusterStats(cluster_name=name, upstream_locality_stats=[UpstreamLocalityStats(total_issued_requests=one) for one in issued])


def test_a_report_tells_of_the_apis_that_were_called() -> None:
    report = _report(_cluster(cluster_name(7), 5, 3), _cluster(cluster_name(8)), _cluster("xds", 9))
    assert counts_of(report) == {7: Count(calls=8)}


@pytest.mark.parametrize(("flags", "calls"), [("UF", 1), ("UH", 1), ("UC", 0), ("UT", 0), ("", 0)])
def test_a_failed_call_is_counted_once_whether_it_was_sent_or_not(flags: str, calls: int) -> None:
    assert count_of(FailedCall(flags=flags)) == Count(calls=calls, failed=1)


@pytest.mark.django_db(transaction=True)
def test_counts_add_up_however_many_reports_there_are_and_a_deleted_api_is_not_counted() -> None:
    api, gone = make_api(), make_api("gone")
    notebook = StatusQueue()
    recorder = StatusWriter(notebook, lambda _: ())
    for _ in range(2):
        notebook.called({api.pk: Count(calls=3, failed=1)})
        notebook.called({api.pk: Count(calls=4), gone.pk: Count(calls=1)})
        gone.delete() if gone.pk else None
        assert recorder.write()
    assert [(row.api_id, row.calls, row.failed) for row in Usage.objects.all()] == [(api.pk, 14, 2)]


@pytest.mark.django_db
def test_an_api_shows_its_last_24_hours_and_no_more(signed_in: Client) -> None:
    api = make_api()
    make_usage(api, calls=1200, failed=3)
    make_usage(api, hours_ago=23, calls=34)
    make_usage(api, hours_ago=24, calls=100_000)
    page = signed_in.get("/apis/orders/").content.decode()
    assert "1,234 calls" in page
    assert "3 failed" in page
    assert page.count('class="hour"') == 24


@pytest.mark.django_db
def test_calls_that_are_known_to_have_failed_count_before_the_gateway_reports_them(signed_in: Client) -> None:
    make_usage(make_api(), calls=0, failed=2)
    page = signed_in.get("/apis/orders/").content.decode()
    assert "2 calls" in page
    assert "2 failed" in page
    assert "<b>2</b>" in signed_in.get("/").content.decode()


@pytest.mark.django_db
def test_an_api_that_nobody_has_called_says_so(signed_in: Client) -> None:
    make_api()
    assert "Nobody has called it." in signed_in.get("/apis/orders/").content.decode()


@pytest.mark.django_db
def test_the_dashboard_names_the_busiest_apis(signed_in: Client) -> None:
    for number in range(1, 8):
        make_usage(make_api(f"api-{number}"), calls=number * 1000)
    page = signed_in.get("/").content.decode()
    assert "28,000" in page
    table = page[page.index('id="busiest"') :]
    assert [table.index(f">Api-{number}<") for number in (7, 6, 5, 4, 3)] == sorted(
        table.index(f">Api-{number}<") for number in (7, 6, 5, 4, 3)
    )
    assert ">Api-2<" not in table[: table.index("</table>")]


@pytest.mark.django_db(transaction=True)
def test_calls_through_a_gateway_are_counted(plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued) -> None:
    api = make_api(service_url=f"https://localhost:{backend.port}")
    key = actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()

    def counted(status: int) -> Usage | None:
        """Call once more and return what is counted by now; a new API is counted from the next report on."""
        return Usage.objects.filter(api=api).first() if plant.call("/orders/1", key=key).status == status else None

    eventually(lambda: plant.call("/orders/1").status == 401)  # goes no further than the gateway, and is not counted
    failed = eventually(lambda: counted(502))  # no certificate yet
    assert failed.failed == failed.calls > 0
    chosen = actions.ApiSecurity(
        credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate(issued=client_certificate), trusted_ca=authority.pem
    )
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    eventually(lambda: (row := counted(200)) and row.calls > row.failed)
