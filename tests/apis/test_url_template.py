"""URL templates and HTTP verbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.url_template import BadTemplate, check_method, check_template, filled, has_rest, parameters_of, rest_of, shape_of


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("/", "/"),
        ("/*", "/*"),
        ("/orders", "/orders"),
        ("/orders/", "/orders/"),
        (" /orders/{id}/lines/{line-no}/* ", "/orders/{id}/lines/{line-no}/*"),
        ("/订单", "/%E8%AE%A2%E5%8D%95"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/%6frders", "/orders"),
        ("/a:b@c;d=1,(e)", "/a:b@c;d=1,(e)"),
        ("", "/"),
        ("orders/{id}", "/orders/{id}"),
        ("/Orders({id})", "/Orders({id})"),
        ("/Orders('{key}')/Lines", "/Orders('{key}')/Lines"),
        ("/{name}.json", "/{name}.json"),
        ("/{a}-{b}", "/{a}-{b}"),
        ("/{id}:cancel", "/{id}:cancel"),
        ("/{order.id}", "/{order.id}"),
        ("/{*rest}", "/{*rest}"),
        ("files/{*path}", "/files/{*path}"),
        ("/o?q={q}&v=1", "/o?q={q}&v=1"),
        ("/o?%24top={n}", "/o?%24top={n}"),
        ("?q={q}", "/?q={q}"),
    ],
)
def test_a_template_is_taken_as_callers_send_it(text: str, template: str) -> None:
    assert check_template(text) == template
    assert check_template(template) == template


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/orders//x", "Two slashes"),
        ("//", "Two slashes"),
        ("/*/x", "asterisk"),
        ("/a*", "asterisk"),
        ("/orders/**", "asterisk"),
        ("/orders/{id", "in braces"),
        ("/orders/id}", "in braces"),
        ("/orders/{}", "in braces"),
        ("/orders/{a b}", "in braces"),
        ("/orders/{{a}}", "in braces"),
        ("/{*rest}/x", "asterisk"),
        ("/x{*rest}", "asterisk"),
        ("/a/{*}", "asterisk"),
        ("/{a}/{a}", "name of its own"),
        ("/a b", "percent-encoded"),
        ("/a%", "percent-encoded"),
        ("/a\\b", "percent-encoded"),
        ("/a%2fb", "encoded slash"),
        ("/./a", "segments . or .."),
        ("/a/%2e%2e", "segments . or .."),
        ("/a?", "question mark"),
        ("/a?b=x{c}", "question mark"),
        ("/a?{b}=c", "question mark"),
        ("/a?b=1&&c=2", "question mark"),
        ("/{a}?b={a}", "name of its own"),
        ("/a#b", "fragment"),
        ("/" + "a" * 1000, "1000 characters"),
    ],
)
def test_each_fault_of_a_template_has_its_sentence(text: str, words: str) -> None:
    with pytest.raises(BadTemplate) as refusal:
        check_template(text)
    assert any(words in str(fault) for fault in refusal.value.faults)


@given(st.text(alphabet=st.sampled_from("/{}*ab%2eF ?=&é.~")).map(lambda text: "/" + text))
def test_checking_twice_changes_nothing(text: str) -> None:
    try:
        template = check_template(text)
    except BadTemplate:
        return
    assert check_template(template) == template
    path, _, _query = template.partition("?")
    assert shape_of(path).count("{}") == len(parameters_of(path))


def test_names_of_parameters_do_not_tell_templates_apart() -> None:
    assert shape_of("/orders/{id}/*") == shape_of("/orders/{key}/*") == "/orders/{}/*"
    assert parameters_of("/orders/{id}/lines/{line}/*") == ("id", "line")
    assert shape_of("/a/{*rest}") == shape_of("/a/*")
    assert shape_of("/{a}-{b}") == shape_of("/{x}-{y}") != shape_of("/{x}")
    assert shape_of("/o?a={a}&b={b}") == shape_of("/o?b={x}&a={y}") == "/o?a&b"
    assert shape_of("/o?a={a}&b=1") == "/o?a&b=1"
    assert parameters_of("/o/{id}/{*rest}?q={q}") == ("id", "q")


def test_a_template_is_filled_with_what_people_write() -> None:
    assert filled("/Orders({id})/{*rest}?q={q}&v=1", {"id": "a/b ü", "q": "x&y"}, rest="a/b") == (
        "/Orders(a%2Fb%20%C3%BC)/a/b",
        "q=x%26y&v=1",
    )
    assert filled("/*", {}) == ("/", "")
    assert [(has_rest(one), rest_of(one)) for one in ("/a", "/*", "/a/{*X}")] == [(False, ""), (True, ""), (True, "X")]


@pytest.mark.parametrize(
    ("text", "method"), [("get", "GET"), ("*", "*"), (" PATCH ", "PATCH"), ("M-SEARCH", "M-SEARCH"), ("A" * 20, "A" * 20)]
)
def test_a_verb_is_upper_case(text: str, method: str) -> None:
    assert check_method(text) == method


@pytest.mark.parametrize("text", ["", "GET POST", "GÉT", "G*T", "CONNECT", "A" * 21, "a/b"])
def test_what_is_no_verb_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate):
        check_method(text)
