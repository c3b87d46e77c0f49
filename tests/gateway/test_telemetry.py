"""What gateways tell others of calls: an access log and traces, of the APIs whose switches are on, without keys and secrets."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apis.policy.model import Policy, Watched
from gateway.agent.bootstrap import GatewayBootstrap, UnixSocket, bootstrap
from gateway.agent.chosen import Chosen, Place
from gateway.compile import Collector as Address
from gateway.compile import GatewayListener, Telemetry, as_set, compile_cluster, compile_listener, compile_segment
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.collector import Collector
from tests.gateway.gateways import KEY, Gateway, policy
from tests.gateway.plant import eventually

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_SAMPLED, _NOT_SAMPLED = ({"traceparent": f"00-{_TRACE}-b7ad6b7169203331-0{flag}", "tracestate": "shop=1"} for flag in (1, 0))
SETTINGS = GatewayListener(host="127.0.0.1", port=1)
Publish = Callable[..., Policy]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Return a collector without TLS."""
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def telling(collector: Collector) -> Iterator[Gateway]:
    """Return a gateway that tells the collector, and writes a file."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as home:
        address = Address(host="localhost", port=collector.port, tls=False)
        telemetry = Telemetry(log_file=f"{home}/calls.log", log_to_collector=True, collector=address)
        running = Gateway(Path(home), telemetry=telemetry)
        yield running
        running.stop()


@pytest.fixture
def publish(telling: Gateway, plain: Backend, new_api: Callable[[], int]) -> Publish:
    """Return what publishes an API that is watched like this."""

    def publish(**watched: object) -> Policy:
        number = new_api()
        one = policy(number, f"told-{number}", port=plain.port, scheme="http", presents=False)
        one = dataclasses.replace(one, watched=Watched(**watched))  # type: ignore[arg-type]
        assert not telling.put(one, compile_cluster(one, None))
        return one

    return publish


def lines_of(collector: Collector, api: Policy) -> list[dict[str, str]]:
    return [line for line in collector.lines if line["api"] == api.path]


def spans_of(collector: Collector, api: Policy) -> list[dict[str, str]]:
    return [span for span in collector.spans if span["portal.api"] == api.path]


def told(backend: Backend) -> dict[str, str]:
    """Return the headers of its last call."""
    return {name.lower(): value for name, value in backend.calls[-1].headers}


def trace_context(backend: Backend) -> str:
    """Return what the back end was told last."""
    return told(backend)["traceparent"]


def test_each_call_of_an_api_that_is_logged_has_a_line(telling: Gateway, collector: Collector, publish: Publish, plain: Backend) -> None:
    logged, silent = publish(logged=True), publish()
    for api in (logged, silent):
        for target, key in (("/status/404", KEY), ("/1", None), ("/drop", KEY)):
            telling.call(f"/{api.path}{target}", key=key)
    lines = eventually(lambda: len(found := lines_of(collector, logged)) == 3 and found)
    assert [line["status"] for line in lines] == ["404", "401", "502"]
    answered, refused, failed = lines
    assert (answered["method"], answered["path"], answered["operation"]) == ("GET", "/status/404", "* /*")
    assert answered["body"] == "GET /status/404 404"
    assert failed["failure"]
    assert failed["activity_id"]
    assert not lines_of(collector, silent)
    assert refused["caller"]


def test_the_same_lines_stand_in_a_file_as_json(telling: Gateway, publish: Publish) -> None:
    api = publish(logged=True)
    telling.call(f"/{api.path}/status/201", key=KEY)
    file = telling.home / "calls.log"
    (line,) = eventually(lambda: [one for one in map(json.loads, file.read_text().splitlines()) if one["api"] == api.path])
    assert (line["status"], line["path"], line["failure"]) == (201, "/status/201", None)
    assert line["milliseconds"] >= 0


def test_they_can_go_to_the_standard_output(plain: Backend, new_api: Callable[[], int], capfd: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="gateway-") as home:
        running = Gateway(Path(home), telemetry=Telemetry(log_to_stdout=True))
        one = policy(new_api(), "said", port=plain.port, scheme="http", presents=False)
        assert not running.put(dataclasses.replace(one, watched=Watched(logged=True)), compile_cluster(one, None))
        running.call("/said/1", key=KEY)
        running.stop()
    (line,) = [json.loads(one) for one in capfd.readouterr().out.splitlines() if one.startswith("{")]
    assert (line["api"], line["status"]) == ("said", 200)


@pytest.mark.parametrize("place", ["?subscription-key={}", ";subscription-key={}/x", "/..;subscription-key={}/x", "?x=1&token={}"])
def test_no_key_and_nothing_of_the_query_is_told(telling: Gateway, collector: Collector, publish: Publish, place: str) -> None:
    api = publish(logged=True, traced_percent=100)
    telling.call(f"/{api.path}/a{place.format(KEY)}", headers={"Authorization": f"Bearer {KEY}", "Cookie": f"session={KEY}"})
    telling.call(f"/{api.path}/a", key=KEY)
    eventually(lambda: len(lines_of(collector, api)) == 2 and len(spans_of(collector, api)) == 2)
    assert KEY.encode() not in collector.bytes
    assert b"token" not in collector.bytes


def test_a_traced_call_is_one_span_and_its_trace_goes_on_to_the_back_end(
    telling: Gateway, collector: Collector, publish: Publish, plain: Backend
) -> None:
    api = publish(traced_percent=100)
    assert telling.call(f"/{api.path}/orders", key=KEY).status == 200
    (span,) = eventually(lambda: spans_of(collector, api))
    version, trace, _, flags = trace_context(plain).split("-")
    assert (version, trace, flags) == ("00", span["trace"], "01")
    assert span["name"] == f"GET {api.path}"
    assert span["url.path"] == "/orders"
    assert span["http.status_code"] == "200"


@pytest.mark.parametrize("percent", [None, 0, 100])
def test_a_caller_who_sends_a_trace_context_has_decided(
    telling: Gateway, collector: Collector, publish: Publish, plain: Backend, percent: int | None
) -> None:
    api = publish(traced_percent=percent)
    telling.call(f"/{api.path}/1", key=KEY, headers=_NOT_SAMPLED)
    assert trace_context(plain).split("-")[1::2] == [_TRACE, "00"]
    telling.call(f"/{api.path}/1", key=KEY, headers=_SAMPLED)
    assert trace_context(plain).split("-")[1::2] == [_TRACE, "01"]
    assert told(plain)["tracestate"] == "shop=1"
    (span,) = eventually(lambda: spans_of(collector, api))
    assert (span["trace"], span["parent"]) == (_TRACE, "b7ad6b7169203331")


@pytest.mark.parametrize("percent", [None, 0])
def test_an_api_without_the_switch_begins_no_trace(telling: Gateway, publish: Publish, plain: Backend, percent: int | None) -> None:
    api = publish(traced_percent=percent)
    for _ in range(20):
        telling.call(f"/{api.path}/1", key=KEY)
        assert trace_context(plain).endswith("-00")


def test_so_many_percent_of_calls_begin_a_trace(telling: Gateway, publish: Publish, plain: Backend) -> None:
    api = publish(traced_percent=50)
    flags: set[str] = set()

    def both_were_seen() -> bool:
        telling.call(f"/{api.path}/1", key=KEY)
        flags.add(trace_context(plain)[-2:])
        return flags == {"00", "01"}

    eventually(both_were_seen)


def test_calls_go_on_while_the_collector_is_away(publish: Publish, plain: Backend, new_api: Callable[[], int]) -> None:
    with tempfile.TemporaryDirectory(prefix="gateway-") as home:
        nowhere = Address(host="127.0.0.1", port=1, tls=False)
        lonely = Gateway(Path(home), telemetry=Telemetry(log_to_collector=True, collector=nowhere))
        try:
            one = policy(new_api(), "lonely", port=plain.port, scheme="http", presents=False)
            one = dataclasses.replace(one, watched=Watched(logged=True, traced_percent=100))
            assert not lonely.put(one, compile_cluster(one, None))
            assert [lonely.call("/lonely/1", key=KEY).status for _ in range(20)] == [200] * 20
        finally:
            lonely.stop()


def test_a_collector_by_tls_is_checked_against_the_authorities_of_the_machine(
    server_certificate: Issued, authority: Issued, plain: Backend, new_api: Callable[[], int]
) -> None:
    with Collector(server_certificate) as secure, tempfile.TemporaryDirectory(prefix="gateway-") as home:
        bundle = Path(home) / "trusted.pem"
        bundle.write_text(authority.pem)
        address = Address(host="localhost", port=secure.port, tls=True)
        running = Gateway(Path(home), telemetry=Telemetry(collector=address), trusted=bundle)
        try:
            one = policy(new_api(), "secure", port=plain.port, scheme="http", presents=False)
            one = dataclasses.replace(one, watched=Watched(traced_percent=100))
            assert not running.put(one, compile_cluster(one, None))
            running.call("/secure/1", key=KEY)
            eventually(lambda: secure.spans)
        finally:
            running.stop()


def test_what_is_off_is_not_one_byte_of_the_configuration() -> None:
    (compiled,) = compile_listener(SETTINGS)
    assert as_set(compiled, SETTINGS) == compiled
    told = dataclasses.replace(SETTINGS, telemetry=Telemetry(collector=Address(host="x", port=1, tls=False), log_to_collector=True))
    assert b"telemetry" in as_set(compiled, told).body
    assert as_set(as_set(compiled, told), SETTINGS) == compiled  # whoever's it was compiled with
    quiet = GatewayBootstrap(node="n", agent=UnixSocket(path="a"), admin=UnixSocket(path="b"), trust_bundle=Path("c"))
    assert b"telemetry" not in bootstrap(quiet).SerializeToString()
    one = policy(1, "orders", port=1)
    assert compile_segment("orders", [dataclasses.replace(one, watched=Watched(traced_percent=0))]) == compile_segment("orders", [one])


def test_an_agent_reads_what_it_was_started_with() -> None:
    telemetry = Telemetry(log_to_stdout=True, collector=Address(host="otel", port=4317, tls=True))
    chosen = Chosen(
        node="n",
        envoy="1.40.0",
        listener=dataclasses.replace(SETTINGS, telemetry=telemetry, name="n"),
        places=(Place(),),
        identity=Path("i"),
        renewals=Path("r"),
        keep_hours=1,
    )
    assert Chosen.parse(chosen.as_json()) == chosen
