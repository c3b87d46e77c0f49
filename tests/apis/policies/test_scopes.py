"""Documents of three scopes: read, put together where ``<base />`` stands, and refused by element and line."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.policy import Scope, UnreadablePolicy, document_with, read_document
from apis.policy.elements import Element
from apis.policy.inserting import inserted
from apis.policy.model import Sections
from apis.policy.references import names_in
from apis.policy.scopes import effective, together
from apis.policy.statements import STATEMENTS, check_header, ip_filter, return_response, rewrite_uri, set_header, set_query_parameter
from apis.policy.statements.exists_action import ExistsAction
from apis.policy.statements.set_header import SetHeader

LONG_CHECK = (
    "<check-header name='a' failed-check-httpcode='401' failed-check-error-message='No' ignore-case='true'>"
    f"<value>{'a' * 4000}</value><value>{'b' * 4001}</value></check-header>"
)


def header(name: str, value: str = "x") -> str:
    return f'<set-header name="{name}"><value>{value}</value></set-header>'


def sections(inbound: str, scope: Scope = Scope.OPERATION) -> Sections:
    return read_document(f"<policies><inbound>{inbound}</inbound></policies>", scope).sections


def names(*documents: Sections) -> list[str]:
    return [one.name for one in effective(together(documents), {}).inbound if isinstance(one, SetHeader)]


def test_what_stands_around_is_where_base_stands() -> None:
    service, api = sections(header("s")), sections(header("a") + "<base />" + header("b"))
    assert names(service, api, sections("<base />" + header("o"))) == ["a", "s", "b", "o"]


def test_without_base_nothing_is_taken_in() -> None:
    assert names(sections(header("s")), sections(header("a"))) == ["a"]


def test_a_document_that_leaves_a_section_out_takes_in_what_stands_around_it() -> None:
    api = read_document("<policies><outbound><base /></outbound></policies>", Scope.API).sections
    assert names(sections(header("s")), api) == ["s"]


TEXT = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="@"), min_size=1, max_size=20).map(str.strip).filter(bool)
)
TEXTS = st.lists(TEXT, max_size=20).map(tuple)
TOKEN = st.text("abcXYZ-_09", min_size=1, max_size=12).filter(lambda name: name.lower() not in {"te", "host"})
SET = {
    "name": TOKEN,
    "action": st.sampled_from([ExistsAction.OVERRIDE, ExistsAction.APPEND]),
    "values": st.lists(TEXT, min_size=1, max_size=20).map(tuple),
}
HEADERS = st.builds(SetHeader, **SET)
ADDRESSES = st.ip_addresses(v=4).map(lambda one: (one, one)) | st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)).map(
    lambda pair: (min(pair), max(pair))
)
WRITERS = {
    "set-header": (set_header.element_of, HEADERS),
    "set-query-parameter": (set_query_parameter.element_of, st.builds(set_query_parameter.SetQueryParameter, **SET)),
    "check-header": (
        check_header.element_of,
        st.builds(
            check_header.CheckHeader,
            name=TOKEN,
            status=st.integers(400, 599),
            message=TEXT,
            ignore_case=st.booleans(),
            values=TEXTS,
        ),
    ),
    "ip-filter": (
        ip_filter.element_of,
        st.builds(ip_filter.IpFilter, allow=st.booleans(), ranges=st.lists(ADDRESSES, min_size=1, max_size=5).map(tuple)),
    ),
    "rewrite-uri": (
        rewrite_uri.element_of,
        st.builds(rewrite_uri.RewriteUri, template=st.sampled_from(["/", "/a/{id}", "/a%20b/"]), query=st.just((("a", "1"),))),
    ),
    "return-response": (
        return_response.element_of,
        st.builds(
            return_response.ReturnResponse, status=st.integers(206, 303), headers=st.lists(HEADERS, max_size=2).map(tuple), body=TEXT
        ),
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_written_of_a_statement_is_read_back(name: str) -> None:
    write, statements = WRITERS[name]

    @given(statements)
    def comes_back(statement: object) -> None:
        text = document_with((), {"inbound": (write(statement),)})  # type: ignore[operator]
        read = read_document(text, Scope.OPERATION, {name: f"{{{{{name}}}}}" for name in names_in(text)})
        assert STATEMENTS[name].read(read.sections["inbound"][0]) == statement

    comes_back()


def many(number: int, element: str) -> str:
    return "".join(element.format(number=one) for one in range(number))


UNEVEN = "<address-range from='2001:db8:{number:x}::1' to='2001:db8:{number:x}:ffff:ffff:ffff:ffff:fffe'/>"
BOUNDED = [
    ("<set-header name='a'>" + many(21, "<value/>") + "</set-header>", "set-header", "0 to 20 <value>"),
    ("<set-header name='a'>" + many(2, f"<value>{'a' * 4001}</value>") + "</set-header>", "set-header", "8000 characters at most, all"),
    ("<set-query-parameter name='a'>" + many(21, "<value/>") + "</set-query-parameter>", "set-query-parameter", "0 to 20 <value>"),
    ("<ip-filter action='allow'>" + many(501, "<address>10.0.0.1</address>") + "</ip-filter>", "ip-filter", "holds 1 to 500"),
    ("<ip-filter action='allow'>" + many(20, UNEVEN) + "</ip-filter>", "ip-filter", "and the gateway takes 2000"),
    (
        "<return-response>" + many(51, "<set-header name='a'><value/></set-header>") + "</return-response>",
        "return-response",
        "50 <set-header>",
    ),
    (f"<rewrite-uri template='/?{many(51, 'a{number}=1&amp;')}'/>", "rewrite-uri", "50 parameters"),
]


@pytest.mark.parametrize(
    ("inbound", "element", "words"),
    [
        *BOUNDED,
        ("<quota calls='1' />", "quota", "does not know the policy <quota>. It knows authentication-basic,"),
        ("<choose><when condition='@(true)'/></choose>", "choose", "does not know the policy <choose>"),
        ("<set-header name='a'><value>@(context.RequestId)</value></set-header>", "value", "Expressions (@(…)) are not evaluated"),
        ("<set-header name='a'><value>\"@(context.RequestId)\"</value></set-header>", "value", "Expressions (@(…)) are not evaluated"),
        ("<set-header name='a' exists-action='@{ return 1; }'/>", "set-header", "Expressions"),
        ('<set-header name="@(context["a"])"/>', "inbound", "Expressions"),
        ("<set-header name='a'/>", "set-header", "needs a <value>"),
        ("<set-header name='a b'><value/></set-header>", "set-header", "not the name of a header"),
        ("<set-header name='Content-Length'><value>1</value></set-header>", "set-header", "gateway's own"),
        ("<set-header name='x-portal-caller'><value>1</value></set-header>", "set-header", "gateway's own"),
        ("<set-header name='a' exists-action='delete'><value/></set-header>", "set-header", "no <value>"),
        ("<set-header name='a' exists-action='skip'><value/><value/></set-header>", "set-header", "one <value>"),
        ("<set-header name='host' exists-action='append'><value>h</value></set-header>", "set-header", "one Host"),
        ("<set-header name='a' exists-action='put'><value/></set-header>", "set-header", "override, skip, append or delete"),
        ("<set-header name='a'>text</set-header>", "set-header", "Text is not allowed"),
        ("<set-header name='a'><value><b/></value></set-header>", "b", "holds nothing"),
        ("<set-header name='a'><text/></set-header>", "text", "<value> only"),
        ("<set-header name='a'><value>{{missing}}</value></set-header>", "value", "no named value missing"),
        ("<set-query-parameter exists-action='delete'/>", "set-query-parameter", "name is missing"),
        ("<rewrite-uri template='a'/>", "rewrite-uri", "begins with a slash"),
        ("<rewrite-uri template='/a b'/>", "rewrite-uri", "percent-encoded"),
        ("<rewrite-uri template='/a/%2e%2E/b'/>", "rewrite-uri", "no . and .. segments"),
        ("<rewrite-uri template='/a/{b'/>", "rewrite-uri", "{ and }"),
        ("<rewrite-uri template='/a?b={c}'/>", "rewrite-uri", "not in its query"),
        ("<rewrite-uri template='/a' copy-unmatched-params='false'/>", "rewrite-uri", "whole query"),
        ("<rewrite-uri template='/a?b=%ff'/>", "rewrite-uri", "is UTF-8"),
        ("<set-header name='Host'><value>a b</value></set-header>", "set-header", "a host name with a port"),
        ("<return-response><set-header name='Host'><value>a</value></set-header></return-response>", "set-header", "An answer has no Host"),
        ("<check-header name='a'/>", "check-header", "failed-check-httpcode is missing"),
        (LONG_CHECK, "check-header", "8000 characters at most, all together"),
        ("<ip-filter action='allow'/>", "ip-filter", "holds 1 to"),
        ("<ip-filter action='deny'><address>10.0.0.1</address></ip-filter>", "ip-filter", "allow or forbid"),
        ("<ip-filter action='allow'><address>ten</address></ip-filter>", "address", "“ten” is no IP address"),
        ("<ip-filter action='allow'><address-range from='10.0.0.9' to='10.0.0.1'/></ip-filter>", "address-range", "before to"),
        ("<ip-filter action='allow'><address-range from='10.0.0.9' to='::1'/></ip-filter>", "address-range", "same kind"),
        ("<return-response><set-status code='99'/></return-response>", "set-status", "200 to 599"),
        (f"<return-response><set-status code='{'9' * 5000}'/></return-response>", "set-status", "200 to 599"),
        (f"<check-header name='a' failed-check-httpcode='{'9' * 5000}' failed-check-error-message='a' />", "check-header", "400 to 599"),
        ("<return-response><set-status code='204'/><set-body>a</set-body></return-response>", "return-response", "no body"),
        ("<return-response><send-request/></return-response>", "send-request", "only"),
        ("<return-response response-variable-name='a'/>", "return-response", "response-variable-name is not allowed"),
        ("<authentication-certificate thumbprint='AB'/>", "authentication-certificate", "belongs into the policy of an API"),
    ],
)
def test_what_is_not_known_is_refused_by_element_and_line(inbound: str, element: str, words: str) -> None:
    with pytest.raises(UnreadablePolicy) as refusal:
        read_document(f"<policies>\n<inbound>\n{inbound}</inbound></policies>", Scope.OPERATION)
    assert (refusal.value.element, refusal.value.line) == (element, 3)
    assert words in refusal.value.reason
    assert refusal.value.reason.endswith((".", "validate-client-certificate."))


def test_a_section_holds_a_hundred_policies() -> None:
    sections(many(100, header("a")))
    with pytest.raises(UnreadablePolicy, match="<inbound> holds 100 policies at most"):
        sections(many(101, header("a")))


def test_as_many_identities_as_the_callers_tab_takes_may_call() -> None:
    listed = "<validate-client-certificate validate-trust='false'><identities>{}</identities></validate-client-certificate>"
    for number, fits in ((100, True), (101, False)):
        text = listed.format("".join(f"<identity thumbprint='{one:040X}'/>" for one in range(number)))
        with nullcontext() if fits else pytest.raises(UnreadablePolicy, match="100 <identity> elements at most"):
            read_document(f"<policies><inbound>{text}</inbound></policies>", Scope.API)


def test_a_statement_stands_where_it_belongs() -> None:
    for section, statement in (("outbound", "<rewrite-uri template='/' />"), ("on-error", header("a")), ("backend", "<return-response />")):
        with pytest.raises(UnreadablePolicy, match="belongs into <inbound>"):
            read_document(f"<policies><{section}>{statement}</{section}></policies>", Scope.API)


def test_an_answer_of_the_back_end_has_no_host() -> None:
    with pytest.raises(UnreadablePolicy, match="An answer has no Host"):
        read_document(f"<policies><outbound>{header('Host')}</outbound></policies>", Scope.SERVICE)


@pytest.mark.parametrize("value", ["<b>&amp;", '"', "}} {{b}}", "100%"])
def test_a_named_value_is_text_whatever_it_holds(value: str) -> None:
    read = sections_with(header("a", "to {{ a }}!"), {"a": value})
    assert [one.values for one in effective(read, {"a": value}).inbound if isinstance(one, SetHeader)] == [(f"to {value}!",)]


def sections_with(inbound: str, values: dict[str, str]) -> Sections:
    return read_document(f"<policies><inbound>{inbound}</inbound></policies>", Scope.API, values).sections


NEW = Element("set-header", {"name": "a"}, [Element("value", text="1")])


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ("", "<base />"),
        ("<policies>\n  <inbound>\n    <!-- mine -->\n    <base />\n  </inbound>\n</policies>\n", "<!-- mine -->"),
        ("<policies><inbound/></policies>", "<inbound>"),
        ("<policies><outbound><base /></outbound></policies>", "<outbound>"),
        ("<policies><inbound><base /></inbound><!-- </inbound> --></policies>", "<base />"),
    ],
)
def test_a_statement_is_put_into_a_document_that_stays_as_it_is(document: str, kept: str) -> None:
    changed = inserted(document, "inbound", NEW)
    assert kept in changed
    assert [one.name for one in effective(read_document(changed, Scope.API).sections, {}).inbound if isinstance(one, SetHeader)] == ["a"]
