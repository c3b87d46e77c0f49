"""Operations as a real Envoy matches them, and the path, query and host that a back end gets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile import compile_segment, segment_of
from gateway.compile.calls.templates import specificity
from tests.gateway import http2
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import KEY, Gateway, open_to_all, policy

NOT_FOUND = b'{ "statusCode": 404, "message": "Resource not found" }'


def arrives(gateway: Gateway, plain: Backend, target: str, *, method: str = "GET") -> str | None:
    """Return the target the back end got, ``None`` if the answer was 404."""
    answer = gateway.call(target, method=method)
    if answer.status == 404:
        if method != "HEAD":
            assert answer.body == NOT_FOUND
        return None
    assert answer.status == 200, answer
    return plain.calls[-1].target


@pytest.mark.parametrize(
    ("template", "path", "arriving"),
    [
        ("/*", "", "/"),
        ("/*", "/", "/"),
        ("/*", "/a/b/", "/a/b/"),
        ("/*", "/a?b=%41", "/a?b=%41"),
        ("/", "", "/"),
        ("/", "/", "/"),
        ("/", "/a", None),
        ("/a", "/a", "/a"),
        ("/a", "/a/", None),
        ("/a", "/ab", None),
        ("/a", "/A", None),
        ("/a/*", "/a", "/a"),
        ("/a/*", "/a/", "/a/"),
        ("/a/*", "/a/b/c?d", "/a/b/c?d"),
        ("/a/*", "/ab", None),
        ("/{id}", "/5", "/5"),
        ("/{id}", "/", None),
        ("/{id}", "", None),
        ("/{id}", "/5/", None),
        ("/{id}", "/5/6", None),
        ("/{id}", "/a=b*c+d,e;f:g@h!$&'()", "/a=b*c+d,e;f:g@h!$&'()"),
        ("/{id}", "/%E5%8F%96%20%25", "/%E5%8F%96%20%25"),
        ("/{id}/parts/{part}", "/5/parts/6?x", "/5/parts/6?x"),
        ("/{id}/parts/{part}", "/5/parts/", None),
        ("/{id}/*", "/5", "/5"),
        ("/{id}/*", "/5/", "/5/"),
        ("/{id}/*", "/5/6/7", "/5/6/7"),
        ("/{id}/*", "/", None),
        ("/orders({id})", "/orders(5)", "/orders(5)"),
        ("/orders({id})", "/orders()", None),
        ("/{name}.json", "/a.b.json", "/a.b.json"),
        ("/{name}.json", "/.json", None),
        ("/{name}.json", "/aXjson", None),
        ("/{name}.json", "/a;.json", None),
        ("/{name}.json", "/a%3B.json", None),
        ("/{name}.json", "/a.json?b;c", "/a.json?b;c"),
        ("/{a}-{b}", "/1-2", "/1-2"),
        ("/{a}-{b}", "/1-", None),
        ("/{id}:cancel", "/5:cancel", "/5:cancel"),
        ("/{id}:cancel", "/5%3acancel", "/5%3acancel"),
        ("/v{id}", "/v;x", None),
        ("/Orders('{id}')/{*rest}", "/Orders('5')/Lines(1)", "/Orders('5')/Lines(1)"),
        ("/{*rest}", "", "/"),
        ("/{*rest}", "/a/b", "/a/b"),
        ("/a/{*rest}", "/a", "/a"),
        ("/a/{*rest}", "/b", None),
        ("/o?q={q}", "/o?q=1", "/o?q=1"),
        ("/o?q={q}", "/o?x=2&q=", "/o?x=2&q="),
        ("/o?q={q}", "/o", None),
        ("/o?q={q}", "/o?qq=1", None),
        ("/o?v=1&q={q}", "/o?q=2&v=1", "/o?q=2&v=1"),
        ("/o?v=1&q={q}", "/o?q=2&v=2", None),
        ("/o?v=1&q={q}", "/o?v=1&v=2&q=1", None),
        ("/o?v=1&q={q}", "/o?%76=2&v=1&q=1", None),
        ("/o?v=1&q={q}", "/o?v=1&q=1&%76=2", None),
        ("/o?v=1&q={q}", "/o?vv=2&v=1&q=v", "/o?vv=2&v=1&q=v"),
        ("/{id}/b", "/x%2Fy/b", "/x%2Fy/b"),
        ("/{id}/b", "/%2F/b", None),
        ("/{id}/b", "/%2f%255c\\/b", None),
        ("/{id}/b", "//b", None),
        ("/{id}", "/%25", "/%25"),
        ("/{id}", "/%2", "/%2"),
        ("/{id}", "/%2Fx", "/%2Fx"),
        ("/~a", "/%7Ea", "/%7Ea"),
        ("/a%7Cb", "/a|b", "/a|b"),
        ("/a|b", "/a%7cb", "/a%7cb"),
        ("/a b/{id}", "/a%20b/5", "/a%20b/5"),
        ("/a%20b/{id}", "/a%20b/5", "/a%20b/5"),
        ("/a%20b/*", "/a%20b", "/a%20b"),
        ("/a%20b", "/a%2520b", None),
        ("/取/{id}", "/%e5%8f%96/5", "/%e5%8f%96/5"),
        ("/%E5%8F%96/{id}", "/%E5%8F%96/5", "/%E5%8F%96/5"),
        ("/%E5%8F%96/{id}", "/%e5%8f%96/5", "/%e5%8f%96/5"),
        ("/a%3Db", "/a=b", "/a=b"),
        ("/a=b", "/a=b", "/a=b"),
        ("/a=b", "/a%3Db", "/a%3Db"),
        ("/a+b", "/aab", None),
    ],
)
def test_a_template_matches(gateway: Gateway, plain: Backend, publish: Publish, template: str, path: str, arriving: str | None) -> None:
    publish("routes", ("GET", template))
    assert _send(gateway, plain, f"/routes{path}") == arriving


def _send(gateway: Gateway, plain: Backend, target: str) -> str | None:
    """Send *target* byte for byte; the ordinary client tidies it up."""
    answer = gateway.raw(f"GET {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode("latin-1"))
    status = int(answer.split()[1])
    assert status in {200, 404}, answer
    return plain.calls[-1].target if status == 200 else None


def test_a_template_may_be_as_long_as_the_form_takes(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    words = "%E5%8F%96" * 105
    publish("long", ("GET", f"/{words}/{{id}}"))
    assert _send(gateway, plain, f"/long/{words}/5") == f"/{words}/5"


def test_only_the_verbs_of_the_operations_get_through(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("verbs", ("GET", "/a"), ("POST", "/b"), ("*", "/c"))
    through = {
        (method, path)
        for path in ("a", "b", "c")
        for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE")
        if arrives(gateway, plain, f"/verbs/{path}", method=method)
    }
    assert through == {("GET", "a"), ("POST", "b"), *((method, "c") for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"))}


@pytest.mark.parametrize("method", ["QUERY", "FOO"])
def test_a_verb_of_whatever_name_gets_through_where_an_operation_has_it(
    gateway: Gateway, plain: Backend, publish: Publish, method: str
) -> None:
    publish("own-verbs", (method, "/a"), ("*", "/any"))
    for path, arriving in (("a", [method, method]), ("any", [method, method]), ("b", [])):
        plain.calls.clear()
        over_http1 = gateway.call(f"/own-verbs/{path}", method=method, headers={"Content-Type": "text/plain"}, body=b"x")
        sent = [
            (":method", method),
            (":scheme", "http"),
            (":authority", "gateway"),
            (":path", f"/own-verbs/{path}"),
            ("content-type", "text/plain"),
        ]
        over_http2 = http2.call(gateway.port, sent)
        assert [call.method for call in plain.calls] == arriving
        assert (over_http1.status == 404) is (not arriving) is (over_http2 == NOT_FOUND)


def test_what_no_operation_matches_is_not_found_with_or_without_a_key(gateway: Gateway, publish: Publish) -> None:
    publish("strict", ("GET", "/a"), key=True)
    for key in (None, "wrong", KEY):
        for target in ("/strict/b", "/strict", "/no-such-api", "/", "/strict/a/b"):
            answer = gateway.call(target, key=key)
            assert (answer.status, answer.body) == (404, NOT_FOUND), (target, key)
    assert gateway.call("/strict/a").status == 401


def test_an_api_without_operations_lets_nothing_through(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> None:
    one = policy(new_api(), "nothing", port=plain.port, scheme="http", presents=False, operations=())
    assert not gateway.publish(one)
    assert gateway.call("/nothing", key=KEY).status == 404
    gateway.withdraw(one)


def test_the_more_specific_template_goes_first(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    first = publish("specific", ("GET", "/*"), ("GET", "/{id}"), ("GET", "/new"), ("*", "/new"), ("GET", "/{a}/b"), ("GET", "/c/{d}"))
    templates = [pattern.url_template for pattern in sorted(first.operations, key=lambda pattern: specificity(pattern.url_template))]
    assert templates == ["/new", "/new", "/c/{d}", "/{id}", "/{a}/b", "/*"]


def test_a_verb_that_the_specific_template_lacks_falls_to_the_general_one(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("falls", ("POST", "/new"), ("GET", "/{id}"))
    assert arrives(gateway, plain, "/falls/new", method="POST") == "/new"
    assert arrives(gateway, plain, "/falls/new") == "/new"


def test_an_api_is_found_by_its_longest_path_and_never_by_half_a_segment(gateway: Gateway, plain: Backend, publish: Publish) -> None:
    publish("sales", backend_path="/all")
    publish("sales/orders", ("GET", "/{id}"), backend_path="/orders")
    publish("sales/orders/open", backend_path="/open")
    assert arrives(gateway, plain, "/sales/x/y") == "/all/x/y"
    assert arrives(gateway, plain, "/sales") == "/all"
    assert arrives(gateway, plain, "/sales/ordersfoo") == "/all/ordersfoo"
    assert arrives(gateway, plain, "/sales/orders/5") == "/orders/5"
    assert arrives(gateway, plain, "/sales/orders") is None
    assert arrives(gateway, plain, "/sales/orders/5/6") is None
    assert arrives(gateway, plain, "/sales/orders/open") == "/open"
    assert arrives(gateway, plain, "/sales/orders/open/a") == "/open/a"
    assert arrives(gateway, plain, "/salesfoo") is None


def test_apis_in_one_segment_keep_their_own_key_rules(gateway: Gateway, publish: Publish) -> None:
    shut = publish("shared/shut", key=True)
    publish("shared/open")
    key = "ab" + "5" * 30
    gateway.let_in(key, api=shut.api_id + 1000)
    assert gateway.call("/shared/open/1").status == 200
    assert gateway.call("/shared/shut/1").status == 401
    assert gateway.call("/shared/shut/1", key=key).status == 401
    assert gateway.call("/shared/shut/1", key=KEY).status == 200
    gateway.shut_out(key)


@pytest.mark.parametrize(
    ("template", "path", "arriving"),
    [("/*", "", "/v2"), ("/*", "/", "/v2/"), ("/*", "/a?b", "/v2/a?b"), ("/", "", "/v2"), ("/a", "/a", "/v2/a"), ("/{id}", "/5", "/v2/5")],
)
def test_the_path_of_the_web_service_url_replaces_that_of_the_api(
    gateway: Gateway, plain: Backend, publish: Publish, template: str, path: str, arriving: str
) -> None:
    publish("replaced/path", ("GET", template), backend_path="/v2")
    assert arrives(gateway, plain, f"/replaced/path{path}") == arriving


def test_a_changed_operation_and_a_removed_api_count_at_once(
    gateway: Gateway, plain: Backend, publish: Publish, new_api: Callable[[], int]
) -> None:
    one = open_to_all(policy(new_api(), "changing", port=plain.port, scheme="http", presents=False, operations=[("GET", "/a")]))
    gateway.publish(one)
    assert gateway.call("/changing/a").status == 200
    gateway.publish(open_to_all(policy(one.api_id, "changing", port=plain.port, scheme="http", presents=False, operations=[("GET", "/b")])))
    assert (gateway.call("/changing/a").status, gateway.call("/changing/b").status) == (404, 200)
    gateway.withdraw(one)
    assert gateway.call("/changing/b").status == 404


PATHS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3).map(lambda words: "/".join(["s", *words]))
TEMPLATES = st.sampled_from(["/", "/*", "/a", "/{x}", "/{y}/b", "/a/{x}/*"])
OPERATIONS = st.lists(st.tuples(st.sampled_from(["GET", "POST", "*"]), TEMPLATES), max_size=5, unique=True)


@given(st.dictionaries(PATHS, OPERATIONS, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_apis_and_operations_never_matters(apis: dict[str, list[tuple[str, str]]], random: object) -> None:
    policies = [policy(number, path, port=1, operations=chosen) for number, (path, chosen) in enumerate(apis.items(), start=1)]
    shuffled = list(policies)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert compile_segment("s", policies) == compile_segment("s", shuffled)


@pytest.mark.parametrize(("path", "segment"), [("orders", "orders"), ("sales/orders", "sales"), ("/a/b/c/", "a")])
def test_a_path_belongs_to_its_first_segment(path: str, segment: str) -> None:
    assert segment_of(path) == segment
