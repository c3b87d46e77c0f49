"""The chart's pods, started from the image as a cluster starts them: with its arguments, environment, user and mounts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.helm.rendering import need_helm, pods, render
from tests.image.containers import Engine
from tests.image.lab import Lab
from tests.image.pods import GATEWAY, Node

_READY_SECONDS = 120.0
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", *Lab.addresses])  # of this machine's own hosts


def eventually(holds: Callable[[], bool], told: Callable[[], str]) -> None:
    until = time.monotonic() + _READY_SECONDS
    while not holds():
        assert time.monotonic() < until, told()
        time.sleep(0.3)


def test_the_pods_of_the_chart_become_ready_and_the_gateway_as_soon_as_it_is_enrolled(engine: Engine) -> None:
    need_helm()
    kept = {file.name: file.read_text() for file in engine.volume("secrets").iterdir()}
    node = Node(engine, {"publisher-portal": kept})
    templates = dict(pods(render()))
    setup = node.start("setup", templates["setup"])
    assert setup.process.wait(_READY_SECONDS) == 0, setup.said

    running = {name: node.start(name, templates[name]) for name in ("portal", "control-plane", "gateway")}
    try:
        for name in ("portal", "control-plane"):
            (container,) = templates[name]["spec"]["containers"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                eventually(lambda: node.asks(name, container[probe]), lambda: running[name].said)  # noqa: B023 - asked at once
        (gateway,) = templates["gateway"]["spec"]["containers"]
        assert not node.asks("gateway", gateway["readinessProbe"])

        enrolled = running["control-plane"].run("python", "manage.py", "gateway", "enrol", GATEWAY, "--secret", GATEWAY)
        secret = json.loads(enrolled.stdout)
        assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", GATEWAY)
        node.secrets[GATEWAY] = secret["stringData"]
        node.hand_over("gateway", templates["gateway"]["spec"])
        eventually(lambda: node.asks("gateway", gateway["readinessProbe"]), lambda: running["gateway"].said)
    finally:
        ended = {name: container.stop() for name, container in running.items()}
    assert ended == dict.fromkeys(running, 0)
