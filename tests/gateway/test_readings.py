"""Totals that gateways read become counts: whatever comes twice, late or not at all; and what is old enough goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apis.models import Api
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.compile import cluster_name
from gateway.control.counting import trim, write
from gateway.control.status_queue import StatusQueue
from gateway.counts import ApiCount, Span, TotalCount, VersionCount
from gateway.seeing.latencies import quantiles
from gateway.seeing.outcomes import Outcome, differences, tally
from gateway.seeing.readings import Reading, Unanswered
from kit.issuing import issue
from tests.makers import make_api, make_certificate


def reading(api: Api, number: int, calls: int, *, envoy: str = "one") -> Reading:
    return Reading(envoy=envoy, number=number, series={cluster_name(api.pk): {"2xx": calls}})


def counted(api: Api) -> int:
    return sum(ApiCount.objects.filter(api=api, span=Span.DAY).values_list("ok", flat=True))


@pytest.mark.django_db
def test_readings_that_come_twice_or_late_or_not_at_all_change_no_sum() -> None:
    api, now = make_api(), timezone.now()
    for number, calls in ((1, 3), (1, 3), (2, 10), (1, 3), (5, 25)):  # 3 and 4 are lost
        write("gateway-1", reading(api, number, calls), at=now)
    assert counted(api) == 25
    write("gateway-1", reading(api, 6, 4, envoy="another"), at=now)  # it has begun at 0
    write("gateway-2", reading(api, 1, 100), at=now)
    assert counted(api) == 129


@pytest.mark.django_db
def test_while_the_database_is_away_few_minutes_are_kept_and_all_calls() -> None:
    apis, statuses = [make_api("orders"), make_api("returns")], StatusQueue()
    for minute in range(1000):  # the second is called in the first ten only
        called = apis if minute < 10 else apis[:1]
        series = {cluster_name(api.pk): {"2xx": 3 * (minute + 1)} for api in called}
        statuses.counted("gateway-1", Reading(envoy="one", number=minute + 1, series=series), age=timedelta(minutes=1000 - minute))
    statuses.counted("gateway-2", reading(apis[0], 1, 7), age=timedelta())
    held = statuses.take().readings
    assert len(held) == 360
    for (gateway, _, _), (one, at) in held.items():
        write(gateway, one, at=at)
    assert [counted(api) for api in apis] == [3007, 30]


@pytest.mark.django_db
def test_calls_of_an_api_that_is_gone_count_for_all_together() -> None:
    api = make_api()
    taken = reading(api, 1, 7)
    api.delete()
    write("gateway-1", taken, at=timezone.now())
    assert TotalCount.objects.get(span=Span.DAY).ok == 7
    assert not ApiCount.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 495])
def test_a_page_that_refuses_the_certificate_counts_for_the_version_that_met_it(status: int) -> None:
    api, entry = make_api(), make_certificate()
    first = entry.current
    assert first
    certificate_actions.replace(entry, issue("next").as_pfx(), by=None, now=timezone.now())
    refused = Unanswered(route="orders", presented=first.thumbprint, kind="client-certificate-refused", status=status, flags="-")
    met, cluster = {"4xx": 3, str(refused): 3}, cluster_name(api.pk)
    current = ClientCertificate.objects.get().current
    assert current
    for number, (version, counters) in enumerate(((first, met), (current, {**met, "2xx": 1}))):
        presented = {cluster: version.thumbprint}
        write("gateway-1", Reading(envoy="one", number=number, series={cluster: counters}, presented=presented), at=timezone.now())
    rows = VersionCount.objects.filter(span=Span.DAY)
    assert set(rows.values_list("version", "refused_certificate", "client_error", "ok")) == {(first.pk, 3, 0, 0), (current.pk, 0, 0, 1)}


@pytest.mark.django_db
def test_minutes_are_kept_for_a_day_hours_for_a_month_days_for_two_years() -> None:
    api, now = make_api(), timezone.now()
    for number, ago in enumerate((timedelta(), timedelta(days=2), timedelta(days=40), timedelta(days=800)), start=1):
        write("gateway-1", reading(api, number, number), at=now - ago)
    trim(now=now)
    kept = {span: ApiCount.objects.filter(span=span).count() for span in Span}
    assert kept == {Span.MINUTE: 1, Span.HOUR: 2, Span.DAY: 3}
    assert TotalCount.objects.count() == 6


@given(st.dictionaries(st.text(), st.integers(0, 99)), st.dictionaries(st.text(), st.integers(0, 99)))
def test_what_is_added_to_what_there_was_gives_what_there_is(before: dict[str, int], added: dict[str, int]) -> None:
    now = {name: before.get(name, 0) + added.get(name, 0) for name in before.keys() | added.keys()}
    assert differences(before, now) == {name: number for name, number in added.items() if number}


def test_a_counter_that_has_begun_anew_counts_from_nought() -> None:
    assert differences({"2xx": 90, "4xx": 1}, {"2xx": 5, "4xx": 1}) == {"2xx": 5}


@pytest.mark.parametrize(
    ("kind", "status", "flags", "added", "outcomes"),
    [
        ("timeout", 504, "UT", {"5xx": 1}, {Outcome.NO_ANSWER: 1}),
        ("timeout", 504, "SI", {}, {Outcome.NO_ANSWER: 1}),  # the router has not seen it
        ("no-credentials", 502, "-", {}, {Outcome.NO_ANSWER: 1}),
        ("not-configured", 502, "NC", {}, {Outcome.NO_ANSWER: 1}),
        ("client-certificate-refused", 502, "UF", {"5xx": 1}, {Outcome.REFUSED_CERTIFICATE: 1}),
        ("client-certificate-refused", 400, "-", {"4xx": 1}, {Outcome.REFUSED_CERTIFICATE: 1}),
        ("broken-off", 502, "UC", {"5xx": 1}, {Outcome.NO_ANSWER: 1}),
        ("broken-off", 502, "UC", {"5xx": 1, "alerts": 2}, {Outcome.REFUSED_CERTIFICATE: 1}),
        ("", 401, "-", {}, {Outcome.GATEWAY: 1}),
        ("", 0, "DC", {}, {Outcome.NO_ANSWER: 1}),
    ],
)
def test_a_call_without_an_answer_has_one_outcome(
    kind: str, status: int, flags: str, added: dict[str, int], outcomes: dict[Outcome, int]
) -> None:
    counter = str(Unanswered(route="a.b|c/d", presented="", kind=kind, status=status, flags=flags))
    found = tally("api-1", {**added, counter: 1}, presented="")[""].outcomes[""]
    assert {outcome: number for outcome, number in found.items() if number} == outcomes


@given(st.text(), st.sampled_from(["", "timeout"]), st.integers(0, 599))
def test_the_name_of_a_counter_says_what_it_counts(route: str, kind: str, status: int) -> None:
    one = Unanswered(route=route, presented="AB", kind=kind, status=status, flags="URX,UF")
    assert Unanswered.of(str(one)) == one


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"envoy": "a", "number": 1, "series": [], "presented": {}, "age": 0}', b"\xff"])
def test_what_is_no_reading_is_refused(said: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Reading.decoded(said)


def test_what_an_agent_of_the_release_before_says_is_understood() -> None:
    counters = '{"2xx":4,"5xx":1,"time|0":3,"time|1":1,"unanswered|AB|timeout|504|UT|v1.2/orders":1}'
    said = f'{{"envoy":"a","number":3,"series":{{"api-1":{counters}}},"presented":{{"api-1":"AB"}},"age":0.5}}'
    reading, age = Reading.decoded(said.encode())
    found = tally("api-1", reading.series["api-1"], presented=reading.presented["api-1"])[""]
    counted = {outcome: number for outcome, number in found.outcomes["AB"].items() if number}
    assert (counted, dict(found.latencies), age) == ({Outcome.OK: 4, Outcome.NO_ANSWER: 1}, {"0": 3, "1": 1}, 0.5)


def test_a_reading_travels_whole() -> None:
    one = Reading(envoy="a", number=3, series={"": {"unanswered||||-|": 1}, "api-1": {"2xx": 4}}, presented={"api-1": "AB"})
    assert Reading.decoded(one.encoded(age=1.5)) == (one, 1.5)


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=200))
def test_quantiles_are_within_a_bucket_of_the_truth(milliseconds: list[int]) -> None:
    def bucket(value: int) -> int:
        width = 10 ** (len(str(value)) - 2) if value >= 10 else 1
        return value // width * width

    counted: dict[str, int] = {}
    for value in milliseconds:
        counted[str(bucket(value))] = counted.get(str(bucket(value)), 0) + 1
    (found,) = quantiles(counted, 1.0)
    assert found is not None
    assert bucket(max(milliseconds)) <= found <= max(milliseconds) * 1.1 + 1


@given(st.integers(20, 99), st.sampled_from([1, 10, 100]), st.floats(0.01, 1))
def test_quantiles_are_within_5_percent_of_the_truth_where_the_first_digit_is_2_or_more(digits: int, times: int, share: float) -> None:
    least, most = digits * times, (digits + 1) * times  # the truth is anywhere between
    (found,) = quantiles({str(least): 7}, share)
    assert found is not None
    assert most * 0.95 <= found <= least * 1.05


def test_calls_that_take_less_than_a_millisecond_are_under_one_and_not_under_none() -> None:
    assert quantiles({"0": 9}, 0.99, 0.5) == pytest.approx([0.99, 0.5])


def test_of_no_calls_there_is_no_quantile() -> None:
    assert quantiles({}, 0.5) == [None]
