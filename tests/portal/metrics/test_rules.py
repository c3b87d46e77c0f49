"""The shipped alert rules: each has cases in which it fires and in which it does not, and a real promtool runs them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.debian import program
from tests.makers import make_api, make_certificate, make_counts, make_gateway
from tests.processes import PROJECT

RULES = PROJECT / "deploy" / "prometheus" / "rules.yaml"
CASES = Path(__file__).parent / "rules_test.yaml"


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def named(*, firing: bool) -> Iterator[set[str]]:
    """Yield, for each series of figures, the rules that fire at some moment, or those that do not."""
    for group in yaml.safe_load(CASES.read_text())["tests"]:
        yield {case["alertname"] for case in group["alert_rule_test"] if bool(case["exp_alerts"]) is firing}


def test_each_rule_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    shipped = {rule["alert"] for rule in rules()}
    assert set().union(*named(firing=True)) == shipped
    assert set().union(*named(firing=False)) == shipped


def test_a_rule_that_waits_has_a_moment_in_which_it_does_not_fire_yet() -> None:
    waiting = {rule["alert"] for rule in rules() if "for" in rule}
    both = (quiet & firing for quiet, firing in zip(named(firing=False), named(firing=True), strict=True))
    assert waiting - set().union(*both) == set()


@pytest.mark.parametrize(("asked", "file"), [("check", RULES), ("test", CASES)])
def test_promtool_finds_nothing_wrong_and_that_each_fires_when_it_should(asked: str, file: Path) -> None:
    done = subprocess.run([program("promtool"), asked, "rules", file], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_the_cases_hold_figures_as_the_portal_gives_them(client: Client) -> None:
    make_counts(make_api(), ok=1)
    make_certificate()
    make_gateway()
    given: dict[str, set[frozenset[str]]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").content.decode()):
        for sample in family.samples:
            given.setdefault(sample.name, set()).add(frozenset(sample.labels))
    used = re.findall(r"series: '(\w+)\{(.+)\}'", CASES.read_text())
    assert used
    assert [(name, labels) for name, labels in used if name in given and {frozenset(re.findall(r"(\w+)=", labels))} != given[name]] == []
