"""Settings come from the environment, and what is wrong with one is said with its name and an example."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import read, read_address, read_addresses, read_list, read_number, read_optional_address
from portal.telemetry import CollectorUrl, read_access_log, read_collector


def test_a_value_comes_from_the_variable_else_from_the_file_else_it_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text(" from the file\n", encoding="utf-8")
    assert read("PORTAL_TRIED", "default") == "default"
    monkeypatch.setenv("PORTAL_TRIED_FILE", str(file))
    assert read("PORTAL_TRIED", "default") == "from the file"
    monkeypatch.setenv("PORTAL_TRIED", "from the variable")
    assert read("PORTAL_TRIED", "default") == "from the variable"


@pytest.mark.parametrize(("name", "why"), [("missing", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, why: str) -> None:
    file = tmp_path / name
    monkeypatch.setenv("PORTAL_TRIED_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=rf"^PORTAL_TRIED_FILE names {re.escape(str(file))}, which cannot be read: {why}\.$"):
        read("PORTAL_TRIED")


def test_a_file_that_holds_no_text_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"hunter2\xff")
    monkeypatch.setenv("PORTAL_TRIED_FILE", str(tmp_path / "value"))
    with pytest.raises(ImproperlyConfigured, match=r"which is no text in UTF-8\.$"):
        read("PORTAL_TRIED")


@pytest.mark.parametrize("text", ["", "1.5", "-1", "ten", "1 000", "9" * 5000])
def test_what_is_no_number_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORTAL_TRIED", text)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_number("PORTAL_TRIED", 60)
    assert str(refusal.value) == f"PORTAL_TRIED must be a whole number, for instance 60; it is {text!r}."


@pytest.mark.parametrize("read_one", [lambda name: read_address(name, "127.0.0.1:8000"), read_optional_address, read_addresses])
@pytest.mark.parametrize("text", ["8000", ":8000", "host", "host:", "host:http", "host:65536", "host:-1", "[]:8000", "host:٨٠"])
def test_what_is_no_address_is_said(monkeypatch: pytest.MonkeyPatch, read_one: Callable[[str], object], text: str) -> None:
    monkeypatch.setenv("PORTAL_TRIED", text)
    with pytest.raises(ImproperlyConfigured, match=r"^PORTAL_TRIED must be host:port, for instance [\w.]+:\d+; it says "):
        read_one("PORTAL_TRIED")


def test_what_is_well_formed_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TRIED", " 10 ")
    assert read_number("PORTAL_TRIED", 60) == 10
    monkeypatch.setenv("PORTAL_TRIED", "[::1]:8000, portal.example.com:65535")
    assert read_list("PORTAL_TRIED") == ["[::1]:8000", "portal.example.com:65535"]
    assert read_addresses("PORTAL_TRIED") == (("::1", 8000), ("portal.example.com", 65535))
    monkeypatch.setenv("PORTAL_TRIED", "")
    assert read_optional_address("PORTAL_TRIED") is None


@pytest.mark.parametrize(
    "text",
    [
        *("collector:4317", "ftp://collector:4317", "http://collector", "http://:4317", "http://x:1/v1/traces", "http://x:99999"),
        *("http://x:1#a", "http://a b:1", "http://x:1?a=b"),
    ],
)
def test_what_is_no_address_of_a_collector_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORTAL_TRIED", text)
    with pytest.raises(ImproperlyConfigured, match=r"^PORTAL_TRIED must be http://host:port or https://host:port, for instance"):
        read_collector("PORTAL_TRIED")


@pytest.mark.parametrize("text", ["http://me:hunter2@x:4317", "http://:hunter2@x:4317", "me:hunter2@x:4317"])
def test_a_password_in_the_address_of_a_collector_is_not_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORTAL_TRIED", text)
    with pytest.raises(ImproperlyConfigured, match="it holds a user name, which is not possible here") as refusal:
        read_collector("PORTAL_TRIED")
    assert "hunter2" not in str(refusal.value)


def test_a_collector_is_where_its_address_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TRIED", "https://[2001:db8::1]:4317/")
    assert read_collector("PORTAL_TRIED") == ("https", "2001:db8::1", 4317)
    monkeypatch.setenv("PORTAL_TRIED", "")
    assert read_collector("PORTAL_TRIED") is None


def test_an_access_log_goes_to_a_place_that_exists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    collector = CollectorUrl("http", "127.0.0.1", 4317)
    for text in ("", "stdout", "otlp", str(tmp_path / "calls.log")):
        monkeypatch.setenv("PORTAL_TRIED", text)
        assert read_access_log("PORTAL_TRIED", collector=collector) == text
    for text in ("calls.log", str(tmp_path / "missing" / "calls.log"), "yes", str(tmp_path), "/"):
        monkeypatch.setenv("PORTAL_TRIED", text)
        with pytest.raises(ImproperlyConfigured, match=r"^PORTAL_TRIED must be stdout, otlp, or the whole path of a file in a folder that"):
            read_access_log("PORTAL_TRIED", collector=collector)
    monkeypatch.setenv("PORTAL_TRIED", "otlp")
    with pytest.raises(ImproperlyConfigured, match=r"GATEWAY_OTLP_ADDRESS does not say where the collector is"):
        read_access_log("PORTAL_TRIED", collector=None)
