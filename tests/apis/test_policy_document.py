"""The policy document: what is rendered is read back, and everything else is refused by name and line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.policy import UnreadablePolicy, as_xml, parse
from apis.policy.highlight import highlight
from apis.policy.model import (
    AuthenticationBasic,
    AuthenticationCertificate,
    Backend,
    CallerIdentity,
    Cors,
    Forwarding,
    ForwardRequest,
    KeyCheck,
    Policy,
    Rule,
    Trust,
    ValidateClientCertificate,
)
from certificates.sealing import Secret

# What XML can carry: no control characters but tab and line ends, no surrogates, no non-characters.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"))
THUMBPRINT = st.text("0123456789ABCDEF", min_size=40, max_size=40)
CREDENTIALS = st.one_of(
    st.builds(AuthenticationCertificate, certificate_id=TEXT.filter(lambda text: 0 < len(text) <= 80), thumbprint=THUMBPRINT),
    st.builds(AuthenticationBasic, username=TEXT, password=TEXT.map(lambda text: Secret(text.encode()))),
)
NAMES = st.lists(st.sampled_from(["GET", "PATCH", "X-TRACE", "ETAG"]), unique=True).map(tuple)
SITES = st.lists(
    st.sampled_from(["https://shop.example.com", "http://localhost:3000", "https://*.example.com", "null"]), min_size=1, unique=True
)
CORS = st.builds(
    Cors,
    origins=SITES.map(tuple),
    methods=NAMES,
    headers=NAMES,
    exposed=NAMES,
    max_age_seconds=st.none() | st.integers(0, 86400),
    credentials=st.booleans(),
).filter(lambda rule: not (rule.credentials and "null" in rule.origins))
IDENTITIES = st.lists(
    st.one_of(
        THUMBPRINT.map(lambda digits: CallerIdentity(thumbprint=digits)),
        st.sampled_from(["partner.example.com", "*.example.com", "spiffe://example.com/partner"]).map(
            lambda name: CallerIdentity(name=name)
        ),
    ),
    unique=True,
).map(tuple)
CALLERS = st.one_of(
    st.just(ValidateClientCertificate(required=False, trusted=False)),
    st.builds(ValidateClientCertificate, identities=IDENTITIES),
    st.builds(CallerIdentity, thumbprint=THUMBPRINT).map(lambda one: ValidateClientCertificate(trusted=False, identities=(one,))),
)
INBOUND = st.tuples(st.lists(CORS, max_size=1), st.lists(CALLERS, max_size=1), st.lists(CREDENTIALS, max_size=1)).map(
    lambda lists: (*lists[0], *lists[1], *lists[2])
)
IDLE = st.none() | st.integers(1, 3600)
ANY_SITE_WITH_CREDENTIALS = "<cors allow-credentials='true'><allowed-origins><origin>*</origin></allowed-origins></cors>"
CERTIFICATE = AuthenticationCertificate(certificate_id="orders-client", thumbprint="2F1A9C04E7B35D6688A1C2E94F07B3D5A6E8CA06")


def policy(*rules: Rule, idle_seconds: int | None = None) -> Policy:
    backend = Backend(scheme="https", host="orders.example.com", port=443, path="", trust=Trust())
    return Policy(
        api_id=1,
        api="orders",
        path="orders",
        backend=backend,
        key_check=KeyCheck(),
        operations=(),
        inbound=rules,
        forwarding=Forwarding(idle_seconds=idle_seconds),
    )


@given(INBOUND, IDLE)
def test_what_is_rendered_is_read_back(rules: tuple[Rule, ...], idle_seconds: int | None) -> None:
    written = policy(*rules, idle_seconds=idle_seconds)
    assert parse(as_xml(written, reveal=True)) == written.rules


@given(INBOUND, IDLE)
def test_highlighting_leaves_the_text_as_it_is(rules: tuple[Rule, ...], idle_seconds: int | None) -> None:
    text = as_xml(policy(*rules, idle_seconds=idle_seconds))
    assert "".join(piece.text for piece in highlight(text)) == text


def test_a_certificate_stands_in_inbound_with_its_id_and_thumbprint() -> None:
    assert as_xml(policy(CERTIFICATE)) == (
        "<policies>\n"
        "  <inbound>\n"
        "    <base />\n"
        '    <authentication-certificate certificate-id="orders-client" thumbprint="2F1A9C04E7B35D6688A1C2E94F07B3D5A6E8CA06" />\n'
        "  </inbound>\n"
        "  <backend>\n    <base />\n  </backend>\n"
        "  <outbound>\n    <base />\n  </outbound>\n"
        "  <on-error>\n    <base />\n  </on-error>\n"
        "</policies>\n"
    )


def test_how_long_to_wait_stands_in_backend_as_published() -> None:
    assert '  <backend>\n    <forward-request timeout="300" />\n  </backend>\n' in as_xml(policy(CERTIFICATE, idle_seconds=300))


def test_what_browsers_are_told_stands_in_inbound_as_published() -> None:
    rule = Cors(origins=("https://shop.example.com",), methods=("GET", "PUT"), headers=("x-trace",), max_age_seconds=300, credentials=True)
    assert as_xml(policy(rule, CERTIFICATE)).startswith(
        "<policies>\n"
        "  <inbound>\n"
        "    <base />\n"
        '    <cors allow-credentials="true">\n'
        "      <allowed-origins>\n        <origin>https://shop.example.com</origin>\n      </allowed-origins>\n"
        '      <allowed-methods preflight-result-max-age="300">\n        <method>GET</method>\n        <method>PUT</method>\n'
        "      </allowed-methods>\n"
        "      <allowed-headers>\n        <header>x-trace</header>\n      </allowed-headers>\n"
        "    </cors>\n"
        "    <authentication-certificate "
    )


@pytest.mark.parametrize("attributes", ["", ' follow-redirects="false" buffer-response="false"'])
def test_forwarding_as_the_gateway_does_anyway_says_nothing(attributes: str) -> None:
    assert parse(f"<policies><backend><base/><forward-request{attributes}/></backend></policies>") == ()


def test_a_basic_password_is_masked() -> None:
    text = as_xml(policy(AuthenticationBasic(username="gateway", password=Secret(b"opensesame"))))
    assert 'username="gateway" password="***"' in text
    assert "opensesame" not in text


@pytest.mark.parametrize("thumbprint", ["2F1A9C04E7B35D6688A1C2E94F07B3D5A6E8CA06", "\u200e2f:1a:9c 04e7b35d6688a1c2e94f07b3d5a6e8ca06"])
def test_a_certificate_may_be_named_by_its_thumbprint_alone(thumbprint: str) -> None:
    rules = parse(f'<policies><inbound><authentication-certificate thumbprint="{thumbprint}"/></inbound></policies>')
    assert rules == (AuthenticationCertificate(certificate_id="", thumbprint=CERTIFICATE.thumbprint),)


def test_comments_missing_sections_and_an_xml_declaration_are_fine() -> None:
    assert parse('<?xml version="1.0" encoding="utf-8"?><!-- none --><policies><!-- none --><inbound><base/></inbound></policies>') == ()


@pytest.mark.parametrize(
    ("xml", "element", "line"),
    [
        ("", "policies", 1),
        ("not xml", "policies", 1),
        ("<policies>\n<inbound>\n</policies>", "inbound", 3),
        ("<policy/>", "policy", 1),
        ("<policies>\n<inbound/>\n<inbound/>\n</policies>", "inbound", 3),
        ("<policies>\n<sideways/></policies>", "sideways", 2),
        ("<policies><inbound>\n\n<rate-limit calls='1'/></inbound></policies>", "rate-limit", 3),
        ("<policies><backend>\n<authentication-basic username='a' password='b'/></backend></policies>", "authentication-basic", 2),
        ("<policies><inbound><base/>\n<base/></inbound></policies>", "base", 2),
        ("<policies><inbound><base>\n<base/></base></inbound></policies>", "base", 2),
        ("<policies><inbound>\nset</inbound></policies>", "inbound", 2),
        ("<policies a='b'/>", "policies", 1),
        ("<policies><inbound><authentication-certificate/></inbound></policies>", "authentication-certificate", 1),
        (
            "<policies><inbound><authentication-certificate thumbprint='CA06'/></inbound></policies>",
            "authentication-certificate",
            1,
        ),
        (
            "<policies><inbound><authentication-certificate certificate-id=''/></inbound></policies>",
            "authentication-certificate",
            1,
        ),
        (
            "<policies><inbound><authentication-certificate certificate-id='a' body='@(x)'/></inbound></policies>",
            "authentication-certificate",
            1,
        ),
        ("<policies><inbound><authentication-basic username='a'/></inbound></policies>", "authentication-basic", 1),
        (
            "<policies><inbound><authentication-basic username='a' password='b'/>\n<authentication-basic/></inbound></policies>",
            "authentication-basic",
            2,
        ),
        ("<policies><backend>\n<forward-request timeout='0'/></backend></policies>", "forward-request", 2),
        ("<policies><backend><forward-request timeout='3601'/></backend></policies>", "forward-request", 1),
        ("<policies><backend><forward-request timeout='ten'/></backend></policies>", "forward-request", 1),
        (f"<policies><backend><forward-request timeout='{'9' * 5000}'/></backend></policies>", "forward-request", 1),
        ("<policies><backend><forward-request follow-redirects='true'/></backend></policies>", "forward-request", 1),
        ("<policies><inbound><forward-request/></inbound></policies>", "forward-request", 1),
        ("<policies><inbound><cors/></inbound></policies>", "cors", 1),
        ("<policies><inbound><cors><allowed-origins>\n<origin>shop</origin></allowed-origins></cors></inbound></policies>", "origin", 2),
        ("<policies><inbound><cors>\n<allowed-origin/></cors></inbound></policies>", "allowed-origin", 2),
        (f"<policies><inbound>\n{ANY_SITE_WITH_CREDENTIALS}</inbound></policies>", "cors", 2),
        (f"<policies><inbound>\n{ANY_SITE_WITH_CREDENTIALS.replace('*', 'null')}</inbound></policies>", "cors", 2),
        ("<policies><inbound><cors terminate-unmatched-request='true'/></inbound></policies>", "cors", 1),
        ("<?target data?><policies/>", "?target", 1),
        ("<!DOCTYPE policies>\n<policies/>", "DOCTYPE", 1),
        ('<!DOCTYPE p [<!ENTITY a "b">]><policies>&a;</policies>', "DOCTYPE", 1),
        ('<!DOCTYPE p SYSTEM "http://127.0.0.1/x.dtd"><policies/>', "DOCTYPE", 1),
        ("<policies>&undeclared;</policies>", "policies", 1),
        ("<policies>\ud800</policies>", "policies", 1),
        ("<policies>\0</policies>", "policies", 1),
    ],
)
def test_anything_else_is_refused_by_element_and_line(xml: str, element: str, line: int) -> None:
    with pytest.raises(UnreadablePolicy) as refusal:
        parse(xml)
    assert (refusal.value.element, refusal.value.line) == (element, line)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (f'<authentication-certificate certificate-id="{"x" * 80}" />', AuthenticationCertificate(certificate_id="x" * 80, thumbprint="")),
        (f'<authentication-certificate thumbprint=" {"ab " * 20}" />', AuthenticationCertificate(certificate_id="", thumbprint="AB" * 20)),
    ],
)
def test_a_certificate_is_named_by_either_of_its_names(xml: str, rule: Rule) -> None:
    assert parse(f"<policies><inbound>{xml}</inbound></policies>") == (rule,)


@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_call_may_take_from_a_second_to_an_hour(seconds: int) -> None:
    xml = f'<policies><backend><forward-request timeout="{seconds}" /></backend></policies>'
    assert parse(xml) == (ForwardRequest(timeout_seconds=seconds),)


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<authentication-certificate />", "Name the certificate by certificate-id or thumbprint."),
        (
            '<authentication-certificate thumbprint="{{thumbprint}}" />',
            "There is no named value thumbprint; make it first, or write the value itself.",
        ),
        ('<authentication-certificate thumbprint="AB" />', "thumbprint is not 40 hexadecimal digits."),
        (f'<authentication-certificate certificate-id="{"x" * 81}" />', "certificate-id has 1 to 80 characters."),
        ('<authentication-certificate certificate-id="" />', "certificate-id has 1 to 80 characters."),
        ('<authentication-basic username="a" />', "The attribute password is missing."),
    ],
)
def test_what_a_rule_lacks_is_said_whole(xml: str, words: str) -> None:
    with pytest.raises(UnreadablePolicy) as refusal:
        parse(f"<policies><inbound>{xml}</inbound></policies>")
    assert refusal.value.reason == words
