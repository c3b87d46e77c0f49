"""URL templates and HTTP verbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.url_template import BadTemplate, check_method, check_template, parameters_of, shape_of


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
    ],
)
def test_a_template_is_taken_as_callers_send_it(text: str, template: str) -> None:
    assert check_template(text) == template
    assert check_template(template) == template


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Begin with a slash"),
        ("orders", "Begin with a slash"),
        ("/orders//x", "Two slashes"),
        ("//", "Two slashes"),
        ("/*/x", "asterisk"),
        ("/a*", "asterisk"),
        ("/orders/**", "asterisk"),
        ("/orders/{id", "whole segment"),
        ("/orders/id}", "whole segment"),
        ("/orders/{}", "whole segment"),
        ("/orders/{a b}", "whole segment"),
        ("/orders/v{id}", "whole segment"),
        ("/orders/{*rest}", "asterisk"),
        ("/{a}/{a}", "name of its own"),
        ("/a b", "percent-encoded"),
        ("/a%", "percent-encoded"),
        ("/a\\b", "percent-encoded"),
        ("/a%2fb", "encoded slash"),
        ("/./a", "segments . or .."),
        ("/a/%2e%2e", "segments . or .."),
        ("/a?b={c}", "query"),
        ("/a#b", "query"),
        ("/" + "a" * 1000, "1000 characters"),
    ],
)
def test_each_fault_of_a_template_has_its_sentence(text: str, words: str) -> None:
    with pytest.raises(BadTemplate) as refusal:
        check_template(text)
    assert any(words in str(fault) for fault in refusal.value.faults)


@given(st.text(alphabet=st.sampled_from("/{}*ab%2eF ?é.~")).map(lambda text: "/" + text))
def test_checking_twice_changes_nothing(text: str) -> None:
    try:
        template = check_template(text)
    except BadTemplate:
        return
    assert check_template(template) == template
    assert shape_of(template).count("{}") == len(parameters_of(template))


def test_names_of_parameters_do_not_tell_templates_apart() -> None:
    assert shape_of("/orders/{id}/*") == shape_of("/orders/{key}/*") == "/orders/{}/*"
    assert parameters_of("/orders/{id}/lines/{line}/*") == ("id", "line")


@pytest.mark.parametrize(("text", "method"), [("get", "GET"), ("*", "*"), (" PATCH ", "PATCH"), ("M-SEARCH", "M-SEARCH")])
def test_a_verb_is_upper_case(text: str, method: str) -> None:
    assert check_method(text) == method


@pytest.mark.parametrize("text", ["", "GET POST", "GÉT", "G*T", "CONNECT", "A" * 21, "a/b"])
def test_what_is_no_verb_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate):
        check_method(text)
