"""The ``<cors>`` element: what it may hold, at its limits, and the sentence for what it may not."""

from __future__ import annotations

import pytest

from apis.policy.cors import MOST_AGE_SECONDS, MOST_ENTRIES, is_token, normal_origin, read_cors
from apis.policy.elements import UnreadablePolicy, read

ORIGINS = "<allowed-origins><origin>https://a.example.com</origin></allowed-origins>"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (" HTTPS://Shop.Example.com/ ", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("https://shop.example.com:80", "https://shop.example.com:80"),
        ("http://shop.example.com:080", "http://shop.example.com"),
        ("https://shop.example.com:1", "https://shop.example.com:1"),
        ("https://shop.example.com:65535", "https://shop.example.com:65535"),
        ("https://*.example.com", "https://*.example.com"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("*", "*"),
        ("null", "null"),
        ("https://shop.example.com:0", None),
        ("https://shop.example.com:65536", None),
        ("https://shop.example.com/x", None),
        ("/https://shop.example.com", None),
        ("shop.example.com", None),
        ("", None),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(text: str, origin: str | None) -> None:
    assert normal_origin(text) == origin


@pytest.mark.parametrize(("text", "holds"), [("*", True), ("x-trace", True), ("GET", True), ("x trace", False), ("x*", False), ("", False)])
def test_a_verb_or_header_is_one_word_or_any(text: str, holds: bool) -> None:
    assert is_token(text) is holds


def test_verbs_are_upper_case_and_headers_as_they_are_written() -> None:
    methods = f'<allowed-methods preflight-result-max-age="{MOST_AGE_SECONDS}"><method>get</method><method>GET</method></allowed-methods>'
    rule = read_cors(read(f"<cors>{ORIGINS}{methods}<allowed-headers><header>X-Trace</header></allowed-headers></cors>"))
    assert (rule.methods, rule.headers, rule.max_age_seconds) == (("GET",), ("X-Trace",), MOST_AGE_SECONDS)


def test_as_many_entries_as_may_be_are_taken() -> None:
    headers = "".join(f"<header>x-{number}</header>" for number in range(MOST_ENTRIES))
    assert len(read_cors(read(f"<cors>{ORIGINS}<allowed-headers>{headers}</allowed-headers></cors>")).headers) == MOST_ENTRIES


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (
            '<allowed-origins a="1"><origin>*</origin></allowed-origins>',
            "'allowed-origins' on line 1: The attribute a is not allowed here.",
        ),
        (
            f'{ORIGINS}<allowed-headers preflight-result-max-age="1" />',
            "'allowed-headers' on line 1: The attribute preflight-result-max-age is not allowed here.",
        ),
        ("<allowed-origins><site>*</site></allowed-origins>", "'allowed-origins' on line 1: <allowed-origins> holds <origin> only."),
        ("<allowed-origins><origin><b /></origin></allowed-origins>", "'origin' on line 1: <origin> holds text only."),
        ('<allowed-origins><origin a="1">*</origin></allowed-origins>', "'origin' on line 1: <origin> holds text only."),
        (
            f"{ORIGINS}<allowed-methods><method>GET PUT</method></allowed-methods>",
            "'method' on line 1: This is not the name of an HTTP verb or header; * alone means any.",
        ),
        (
            f"{ORIGINS}<allowed-headers>{'<header>x</header>' * (MOST_ENTRIES + 1)}</allowed-headers>",
            f"'allowed-headers' on line 1: <allowed-headers> holds {MOST_ENTRIES} entries at most.",
        ),
        *(
            (
                f'{ORIGINS}<allowed-methods preflight-result-max-age="{age}" />',
                f"'allowed-methods' on line 1: preflight-result-max-age is a number of seconds, {MOST_AGE_SECONDS} at most.",
            )
            for age in ("", "-1", "soon", "٣", MOST_AGE_SECONDS + 1, "9" * 5000)
        ),
    ],
)
def test_what_it_may_not_hold_is_named_with_its_element(held: str, words: str) -> None:
    with pytest.raises(UnreadablePolicy) as refusal:
        read_cors(read(f"<cors>{held}</cors>"))
    assert str(refusal.value) == f"Error in element {words}"


def test_what_a_document_must_not_hold_is_said_whole() -> None:
    for text, words in (
        ("<!DOCTYPE a><a />", "Error in element 'DOCTYPE' on line 1: A policy has no document type and declares no entities."),
        ("<a>\n<?php x?></a>", "Error in element '?php' on line 2: Processing instructions are not allowed."),
    ):
        with pytest.raises(UnreadablePolicy) as refusal:
            read(text)
        assert str(refusal.value) == words
