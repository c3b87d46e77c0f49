"""Policy statements as a real Envoy and a back end treat them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apis.policy import Scope, UnreadablePolicy, read_document
from apis.policy.model import Effective, Forwarding, Policy, Preflights
from apis.policy.scopes import effective
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Answer, Gateway, open_to_all, policy

Publish = Callable[..., str]


def effective_of(inbound: str = "", outbound: str = "") -> Effective:
    xml = f"<policies><inbound>{inbound}</inbound><outbound>{outbound}</outbound></policies>"
    return effective(read_document(xml, Scope.API).sections, {})


@pytest.fixture
def publish(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API with statements and returns its path; it goes when the test ends."""
    published: list[Policy] = []

    def publish(
        inbound: str = "",
        outbound: str = "",
        *,
        path: str | None = None,
        key: bool = False,
        of_operations: dict[str, str] | None = None,
        forwarding: Forwarding | None = None,
        **options: Any,
    ) -> str:
        number = new_api()
        one = policy(number, f"statements-{number}" if path is None else path, port=plain.port, scheme="http", presents=False, **options)
        own = tuple((name, effective_of(xml)) for name, xml in (of_operations or {}).items())
        one = dataclasses.replace(one, effective=effective_of(inbound, outbound), of_operations=own, forwarding=forwarding or Forwarding())
        one = one if key else open_to_all(one)
        assert not gateway.publish(one)
        published.append(one)
        return f"/{one.path}" if one.path else ""

    yield publish
    for one in published:
        gateway.withdraw(one)


def arrived(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer
    call: dict[str, Any] = json.loads(answer.body)
    return call


def headers_of(answer: Answer, name: str) -> list[str]:
    return [value for key, value in arrived(answer)["headers"] if key == name]


def header(name: str, *values: str, action: str = "override") -> str:
    return f'<set-header name="{name}" exists-action="{action}">{"".join(f"<value>{one}</value>" for one in values)}</set-header>'


def parameter(name: str, *values: str, action: str = "override") -> str:
    return header(name, *values, action=action).replace("set-header", "set-query-parameter")


@pytest.mark.parametrize(
    ("statements", "sent", "arrives"),
    [
        (header("X-A", "new"), "old", ["new"]),
        (header("X-A", "new"), None, ["new"]),
        (header("x-a", "100%", "%REQ(host)%"), "old", ["100%", "%REQ(host)%"]),
        (header("X-A", "new", action="skip"), "old", ["old"]),
        (header("X-A", "new", action="skip"), None, ["new"]),
        (header("X-A", "new", action="append"), "old", ["old", "new"]),
        (header("X-A", action="delete"), "old", []),
        (header("X-A", "one") + header("x-a", "two", action="append"), "old", ["one", "two"]),
        (header("X-A", "one", action="append") + header("x-a", action="delete"), "old", []),
        (header("X-A", action="delete") + header("x-a", "one", action="skip"), "old", ["one"]),
    ],
)
def test_a_call_carries_the_headers_that_its_policy_sets(
    gateway: Gateway, publish: Publish, statements: str, sent: str | None, arrives: list[str]
) -> None:
    answer = gateway.call(publish(statements) + "/a", headers={"X-A": sent} if sent else {})
    assert ", ".join(headers_of(answer, "x-a")).split(", ") == (arrives or [""])


def test_the_host_and_the_key_of_the_next_gateway_can_be_set(gateway: Gateway, publish: Publish) -> None:
    path = publish(header("Host", "inner.example.com") + header("Ocp-Apim-Subscription-Key", "next"), key=True)
    answer = gateway.call(path + "/a", headers={"Ocp-Apim-Subscription-Key": KEY})
    assert headers_of(answer, "host") == ["inner.example.com"]
    assert headers_of(answer, "ocp-apim-subscription-key") == ["next"]


def test_an_answer_carries_the_headers_that_its_policy_sets(gateway: Gateway, publish: Publish) -> None:
    path = publish(outbound=header("X-Powered-By", action="delete") + header("Content-Type", "application/vnd.orders+json"))
    answer = gateway.call(path + "/a", headers={"X-Answer": "X-Powered-By: PHP"})
    assert "x-powered-by" not in answer.headers
    assert answer.headers["content-type"] == "application/vnd.orders+json"


@pytest.mark.parametrize(
    ("statements", "sent", "arrives"),
    [
        (parameter("v", "2"), "?v=1&amp;w=3&amp;v=0", {"v=2", "w=3"}),
        (parameter("v", "2"), "", {"v=2"}),
        ('<rewrite-uri template="/a?v=a+b" />', "?w=3", {"v=a%20b", "w=3"}),
        (parameter("v", "2", action="skip"), "?v=1", {"v=1"}),
        (parameter("v", "2", action="skip"), "", {"v=2"}),
        (parameter("v", "2", action="append"), "?v=1", {"v=1", "v=2"}),
        (parameter("v", action="delete"), "?v=1&amp;w=3", {"w=3"}),
        (parameter("a b&amp;", "100% &amp; ü"), "?w=%26%20+%C3%BC&amp;x", {"a%20b%26=100%25%20%26%20%C3%BC", "w=%26%20+%C3%BC", "x"}),
    ],
)
@pytest.mark.parametrize("path", [None, ""])
def test_a_call_carries_the_query_parameters_that_its_policy_sets(
    gateway: Gateway, publish: Publish, statements: str, sent: str, arrives: set[str], path: str | None
) -> None:
    answer = gateway.call(publish(statements, path=path) + "/a" + sent.replace("&amp;", "&"))
    path, _, query = arrived(answer)["target"].partition("?")
    assert (path, set(query.split("&"))) == ("/a", arrives)


@pytest.mark.parametrize(
    ("template", "rewritten", "called", "arrives"),
    [
        ("/orders/{id}", "/v2/order/{id}/full", "/orders/a%2Db", "/base/v2/order/a%2Db/full"),
        ("/orders/{id}/of/{year}", "/{year}/{id}", "/orders/7/of/2026?x=1", "/base/2026/7?x=1"),
        ("/files/{name}.{kind}", "/{kind}/{name}", "/files/a.pdf", "/base/pdf/a"),
        ("/files/{*path}", "/store/{path}", "/files/a/b%20c", "/base/store/a/b%20c"),
        ("/*", "/all?v=2", "/whatever/else?w=1", "/base/all?w=1&amp;v=2"),
        ("/a(b)", "/c", "/a(b)", "/base/c"),
        ("/", "/root", "", "/base/root"),
    ],
)
def test_a_call_goes_to_the_path_that_its_policy_says(
    gateway: Gateway, publish: Publish, template: str, rewritten: str, called: str, arrives: str
) -> None:
    path = publish(
        operations=[("GET", template)], of_operations={f"GET {template}": f'<rewrite-uri template="{rewritten}" />'}, backend_path="/base"
    )
    assert arrived(gateway.call(path + called))["target"] == arrives.replace("&amp;", "&")


@pytest.mark.parametrize(
    ("template", "rewritten", "called"),
    [
        ("/files/{name}.json", "/files/{name}", "/files/...json"),
        ("/files/{name}.json", "/files/{name}", "/files/%2e..json"),
        ("/files/{name}.json", "/files/{name}/secret", "/files/%2e%2e.json"),
        ("/files/{name}.json", "/files/{name}", "/files/..%2fsecret.json"),
        ("/files/{name}.json", "/files/{name}", "/files/..%5csecret.json"),
        ("/files/{name}.json", "/files/{name}", "/files/..%252fsecret.json"),
        ("/files/{a}-{b}", "/files/{a}{b}/admin", "/files/.-."),
        ("/files/{a}-{b}", "/{b}", "/files/x-%2e%2E"),
        ("/f/{a}/{b}", "/f/{a}{b}/x", "/f/%2/e%2e"),
        ("/f/{a}", "/f/{a}e", "/f/%2e%2"),
        ("/files/{name}.json", "/files/{name}", "/files/...json?x.json"),
        ("/files/{a}-{b}", "/{b}", "/files/x-..?y-z"),
        ("/f/{*rest}", "/f/.{rest}", "/f/"),
        ("/f/{*rest}", "/f/{rest}e", "/f/x/%2e%2"),
    ],
)
def test_what_a_call_holds_is_put_together_to_no_other_path(
    gateway: Gateway, publish: Publish, template: str, rewritten: str, called: str
) -> None:
    path = publish(
        operations=[("GET", template)], of_operations={f"GET {template}": f'<rewrite-uri template="{rewritten}" />'}, backend_path="/base"
    )
    assert gateway.call(path + called).status in {400, 404}


@pytest.mark.parametrize(
    ("template", "rewritten", "called", "arrives"),
    [
        ("/files/{name}.json", "/files/{name}", "/files/.a%20b%E4%B8%AD.json?x=/../y", "/base/files/.a%20b%E4%B8%AD?x=/../y"),
        ("/f/{a}/{b}", "/f/v{a}.{b}/x", "/f/1%2D2/..3", "/base/f/v1%2D2...3/x"),
        ("/f/{*rest}", "/f/all-{rest}", "/f/one", "/base/f/all-one"),
    ],
)
def test_what_is_put_together_of_a_call_arrives(
    gateway: Gateway, publish: Publish, template: str, rewritten: str, called: str, arrives: str
) -> None:
    path = publish(
        operations=[("GET", template)], of_operations={f"GET {template}": f'<rewrite-uri template="{rewritten}" />'}, backend_path="/base"
    )
    assert arrived(gateway.call(path + called))["target"] == arrives


def test_a_header_that_is_checked_for_nothing_is_there_and_empty(gateway: Gateway, publish: Publish) -> None:
    path = publish(CHECK.format("X-A", 401, "no", "false", "<value></value>"))
    assert gateway.call(path + "/x", headers={"X-A": ""}).status == 200
    assert gateway.call(path + "/x", headers={"X-A": "a"}).status == 401


def test_the_longest_values_that_may_be_set_are_taken(gateway: Gateway, publish: Publish) -> None:
    for value in ("%" * 8000, "中" * 5333):
        assert gateway.call(publish(header("X-A", value)) + "/x").status == 200
    with pytest.raises(UnreadablePolicy, match="of fewer where they are not ASCII"):
        publish(header("X-A", "中" * 5334))


@pytest.mark.parametrize("shown", ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"])
@pytest.mark.parametrize("written", ["203.0.113.0/24", "::ffff:203.0.113.9"])
def test_an_address_of_ipv4_is_one_however_proxies_write_it(plain: Backend, tmp_path: Path, shown: str, written: str) -> None:
    behind = Gateway(tmp_path, trusted_proxies=1)
    try:
        one = open_to_all(policy(1, "forbidden", port=plain.port, scheme="http", presents=False))
        forbidden = effective_of(f'<ip-filter action="forbid"><address>{written}</address></ip-filter>')
        assert not behind.publish(dataclasses.replace(one, effective=forbidden))
        assert behind.call("/forbidden/x", headers={"X-Forwarded-For": shown}).status == 403
        assert behind.call("/forbidden/x", headers={"X-Forwarded-For": "198.51.100.1"}).status == 200
    finally:
        behind.stop()


CHECK = '<check-header name="{}" failed-check-httpcode="{}" failed-check-error-message="{}" ignore-case="{}">{}</check-header>'


@pytest.mark.parametrize("method", ["GET", "*"])
def test_calls_pass_with_the_headers_that_are_checked(gateway: Gateway, publish: Publish, method: str) -> None:
    checks = CHECK.format("X-A", 401, "Say &quot;a&quot;", "true", "<value>a.b</value><value>c</value>") + CHECK.format(
        "X-B", 400, "No b", "false", ""
    )
    path = publish(checks, operations=[(method, "/x")])
    refused = gateway.call(path + "/x", headers={"X-B": "1", "X-A": "axb"})
    assert (refused.status, json.loads(refused.body)) == (401, {"statusCode": 401, "message": 'Say "a"'})
    assert refused.headers["content-type"] == "application/json"
    missing = gateway.call(path + "/x", headers={"X-A": "A.B"})
    assert (missing.status, json.loads(missing.body)["message"]) == (400, "No b")
    assert gateway.call(path + "/x").status == 401
    assert gateway.call(path + "/x", headers={"X-A": "C", "X-B": ""}).status == 200
    overriding = gateway.call(path + "/x", headers={"X-HTTP-Method-Override": "DELETE", "X-B": "1"})
    assert overriding.status == (401 if method == "*" else 400)


def test_a_refusal_of_a_check_needs_the_key_first(gateway: Gateway, publish: Publish) -> None:
    path = publish(CHECK.format("X-A", 418, "No", "true", ""), key=True)
    assert gateway.call(path + "/x").status == 401
    assert gateway.call(path + "/x", headers={"X-HTTP-Method-Override": "PUT"}).status == 401
    assert gateway.call(path + "/x", headers={"Ocp-Apim-Subscription-Key": KEY}).status == 418


@pytest.mark.parametrize("path", [None, ""])
@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ('<ip-filter action="allow"><address>127.0.0.1</address></ip-filter>', 200),
        ('<ip-filter action="allow"><address-range from="10.0.0.0" to="10.0.0.9" /></ip-filter>', 403),
        ('<ip-filter action="forbid"><address-range from="126.0.0.7" to="127.0.1.3" /></ip-filter>', 403),
        ('<ip-filter action="forbid"><address>10.1.0.0/16</address><address>fd00::/8</address></ip-filter>', 200),
    ],
)
def test_callers_are_let_in_by_their_addresses(gateway: Gateway, publish: Publish, rule: str, status: int, path: str | None) -> None:
    answer = gateway.call(publish(rule, path=path) + "/x")
    assert answer.status == status
    if status == 403:
        assert json.loads(answer.body) == {"statusCode": 403, "message": "This API does not take calls from your address."}


def test_a_policy_answers_in_place_of_the_back_end(gateway: Gateway, publish: Publish, plain: Backend) -> None:
    body = "x" * 5000 + "100% é"
    path = publish(
        f'<return-response><set-status code="404" reason="Gone" />{header("Content-Type", "text/html")}{header("Location", "/a%20b")}'
        f"<set-body>{body}</set-body></return-response>" + CHECK.format("X-A", 401, "No", "true", "")
    )
    before = len(plain.calls)
    answer = gateway.call(path + "/x")
    assert (answer.status, answer.body.decode()) == (404, body)
    assert (answer.headers["content-type"], answer.headers["location"]) == ("text/html", "/a%20b")
    assert len(plain.calls) == before


@pytest.mark.parametrize(
    ("statement", "status", "kind"),
    [
        ("<return-response />", 200, None),
        ('<return-response><set-status code="400" /></return-response>', 400, None),
        ('<return-response><set-status code="503" /><set-body>{"a": 1}</set-body></return-response>', 503, "text/plain; charset=utf-8"),
    ],
)
def test_what_an_answer_leaves_out_is_left_out(gateway: Gateway, publish: Publish, statement: str, status: int, kind: str | None) -> None:
    answer = gateway.call(publish(statement) + "/x")
    assert (answer.status, answer.body) == (status, b'{"a": 1}' if kind else b"")
    assert answer.headers.get("content-type", kind) == kind


@pytest.mark.parametrize(("location", "given"), [("", None), (header("Location", "/b", action="skip"), "/b")])
@pytest.mark.parametrize("status", [201, 302, 304])
def test_an_answer_leads_nowhere_but_where_its_policy_says(
    gateway: Gateway, publish: Publish, status: int, location: str, given: str | None
) -> None:
    path = publish(f'<return-response><set-status code="{status}" />{location}</return-response>')
    assert gateway.call(path + "/x").headers.get("location") == given


def test_the_longest_check_of_a_header_is_taken(gateway: Gateway, publish: Publish) -> None:
    path = publish(CHECK.format("X-A", 401, "No", "true", f"<value>{'é' * 7998}</value><value>b</value>"))
    assert gateway.call(path + "/x", headers={"X-A": "B"}).status == 200


def test_a_preflight_that_goes_to_the_back_end_carries_nothing_to_check(gateway: Gateway, publish: Publish) -> None:
    path = publish(
        CHECK.format("X-A", 401, "No", "true", "") + header("X-B", "set"), forwarding=Forwarding(preflights=Preflights.BACK_END), key=True
    )
    asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "GET"}
    assert headers_of(gateway.call(path + "/x", method="OPTIONS", headers=asked), "x-b") == ["set"]


def test_only_the_operation_with_a_policy_has_it(gateway: Gateway, publish: Publish) -> None:
    path = publish(
        header("X-A", "api"), operations=[("GET", "/a"), ("GET", "/b")], of_operations={"GET /b": header("X-A", "b") + header("X-B", "b")}
    )
    assert headers_of(gateway.call(path + "/a"), "x-a") == ["api"]
    assert headers_of(gateway.call(path + "/b"), "x-a") == ["b"]
    assert headers_of(gateway.call(path + "/a"), "x-b") == []
