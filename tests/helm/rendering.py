"""What Helm makes of the chart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from tests.processes import PROJECT

CHART = PROJECT / "deploy" / "helm" / "publisher-portal"
RELEASE, NAMESPACE = "portal", "production"
Object = dict[str, Any]


def render(values: Object | None = None, **release: bool) -> list[Object]:
    """Return the objects of a release with these values over the chart's own.

    :raises helm_python.HelmError: if the values are refused
    """
    from helm_python import Chart

    with Chart.load(str(CHART)) as chart:
        files = chart.render(values or {}, name=RELEASE, namespace=NAMESPACE, **release)
    texts = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def need_helm() -> None:
    """Leave the test out where Helm's library is not; fail where nothing may be left out (``CI``)."""
    if find_spec("helm_python"):
        return
    words = "needs helm-python-sdk, which there is for Linux on x86-64"
    pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Yield the pods that objects make: the component's name and the pod's template."""
    for one in objects:
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
            template = one["spec"]["template"]
            yield template["metadata"]["labels"]["app.kubernetes.io/component"], template


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of one kind by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}
