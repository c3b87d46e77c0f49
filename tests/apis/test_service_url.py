"""Web service URLs: what the gateway may call, however it is spelled."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.addresses import address_of, refusal_of
from apis.service_url import BadServiceUrl, check, refusals_of_resolved

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def faults_of(url: str, *, allowed: tuple[object, ...] = ()) -> list[str]:
    try:
        check(url, allowed=allowed)  # type: ignore[arg-type]  # networks of either kind
    except BadServiceUrl as refusal:
        return [str(fault) for fault in refusal.faults]
    return []


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://orders.example.com", "https://orders.example.com"),
        ("HTTPS://Orders.Example.COM./v2/", "https://orders.example.com/v2/"),
        ("http://10.1.2.3:8080/a%20b", "http://10.1.2.3:8080/a%20b"),
        ("https://[2001:DB8::1]:9443/x", "https://[2001:db8::1]:9443/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://订单.example", "https://xn--4kr132k.example"),
        ("https://back_end", "https://back_end"),
        ("https://orders.example.com:", "https://orders.example.com"),
        ("https://orders.example.com:08443", "https://orders.example.com:8443"),
        ("https://[2001:0DB8:0:0:0:0:0:1]/x", "https://[2001:db8::1]/x"),
        ("https://[::ffff:10.1.2.3]:9443", "https://10.1.2.3:9443"),
        ("https://orders.example.com/a//b;v=1/%2F%C3%A4", "https://orders.example.com/a//b;v=1/%2F%C3%A4"),
    ],
)
def test_a_back_end_of_the_usual_kinds_is_taken_in_its_normal_form(url: str, text: str) -> None:
    checked = check(url, allowed=())
    assert checked.text == text
    assert check(text, allowed=()) == checked


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("orders.example.com", "Begin with https://"),
        ("orders.example.com:443/x", "Begin with https://"),
        ("https:orders.example.com", "Begin with https://"),
        ("//orders.example.com", "Begin with https://"),
        (f"https://orders.example.com/{'a' * 1974}", "at most 2000 characters"),
        ("ftp://orders.example.com", "by no other scheme"),
        ("file:///etc/passwd", "by no other scheme"),
        ("https://", "host is missing"),
        ("https:///v2", "host is missing"),
        ("https://:443", "host is missing"),
        ("https://user:secret@orders.example.com", "no user name or password"),
        ("https://orders.example.com?x=1", "Leave out the query"),
        ("https://orders.example.com?", "Leave out the query"),
        ("https://orders.example.com#x", "Leave out the fragment"),
        ("https://orders.example.com:0", "from 1 to 65535"),
        ("https://orders.example.com:65536", "from 1 to 65535"),
        ("https://orders.example.com:https", "from 1 to 65535"),
        ("https://orders .example.com", "no spaces"),
        ("https://orders.example.com\\@evil.example", "no spaces, backslashes"),
        ("https://orders\t.example.com", "no spaces"),
        ("https://orders.example.com\u200b", "invisible"),
        ("https://orders.example.com/ä", "percent-encoded"),
        ("https://orders.example.com/%2", "percent-encoded"),
        ("https://orders.example.com/a/../b", "segment"),
        ("https://orders.example.com/a/%2e%2E", "segment"),
        ("https://-orders.example.com", "not a host name"),
        ("https://orders..example.com", "not a host name"),
        (f"https://{'a' * 64}.example.com", "not a host name"),
        ("https://[::1", "not a URL"),
        ("https://1.2.3.999", "looks like an address"),
        ("https://example.0x", "looks like an address"),
        ("https://[2001:db8::1%25eth0]", "looks like an address"),
        ("https://2001:db8::1/", "in brackets"),
        ("https://::1", "in brackets"),
        ("https://[2001:db8::1]x", "in brackets"),
        ("https://[v1.abc]", "in brackets"),
        ("https://orders.example.com/a//", "several slashes"),
        ("https://ex%61mple.com", "not a host name"),
        ("https://orders.example.com:+443", "from 1 to 65535"),
        ("https://0x0a.1", "usual form"),
        ("https://167772161", "usual form"),
    ],
)
def test_each_fault_has_its_sentence(url: str, words: str) -> None:
    assert any(words in fault for fault in faults_of(url)), faults_of(url)


def test_several_faults_are_told_at_once() -> None:
    assert len(faults_of("ftp://a:b@orders.example.com:99999/x?y#z")) == 5


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xA9FEA9FE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.254.169.254.",
        "１６９.254.169.254",
        "169。254。169。254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "0",
        "0.1.2.3",
        "[::]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "250.0.0.1",
    ],
)
def test_no_setting_allows_metadata_services_and_addresses_no_back_end_has(host: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert len(faults_of(f"https://{host}/latest", allowed=everything)) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "a.LocalHost.",
    ],
)
def test_loopback_addresses_are_refused_however_they_are_spelled(host: str) -> None:
    assert faults_of(f"http://{host}:8080") == ["This address is the gateway's own machine; the operator has not allowed that."]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "[::ffff:127.0.0.1]"])
def test_loopback_addresses_are_fine_where_the_operator_allows_them(host: str) -> None:
    assert faults_of(f"https://{host}:9443", allowed=LOOPBACK) == []


def test_a_name_is_judged_by_what_it_resolves_to() -> None:
    assert refusals_of_resolved("no-such-host.invalid", allowed=()) == []
    assert refusals_of_resolved("10.0.0.1", allowed=()) == []
    assert refusals_of_resolved("localhost", allowed=()) == []  # judged by its name already


@given(st.text(), st.sampled_from(["", "https://", "http://", "https://["]))
def test_whatever_is_typed_is_either_taken_or_refused_with_sentences(text: str, start: str) -> None:
    if not faults_of(start + text, allowed=LOOPBACK):
        checked = check(start + text, allowed=LOOPBACK)
        assert check(checked.text, allowed=LOOPBACK) == checked
        assert checked.text.isascii()


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_that_address(address: IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    for spelling in (str(number), hex(number), f"0{number:o}", f"{a:#x}.{b:#o}.{c}.{d}".replace("0o", "0"), f"{a}.{number & 0xFFFFFF}"):
        assert address_of(spelling) == address
    for carried in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert (refusal_of(IPv6Address(carried), allowed=()) is None) == (refusal_of(address, allowed=()) is None)
