"""The chart: valid against the schemas of every Kubernetes it is for, and what it starts is confined."""

from __future__ import annotations

import json
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from portal import __version__
from tests.helm.rendering import CHART, NAMESPACE, Object, need_helm, of_kind, pods, render
from tests.processes import PROJECT

_VERSIONS = [f"1.{minor}" for minor in range(29, 38)]
_COMPONENTS = {"setup", "portal", "control-plane", "gateway"}
_PEER = {"namespaceSelector": {"matchLabels": {"team": "callers"}}}
_FULL: Object = {
    "image": {"digest": f"sha256:{'a' * 64}", "pullSecrets": ["registry"]},
    "portal": {
        "allowedHosts": ["portal.example.com", ".example.org"],
        "tlsSecret": "portal-tls",
        "environment": {"PORTAL_MAIL_HOST": "mail.example.com", "PORTAL_MAIL_PORT": 587},
        "secretEnvironment": {"PORTAL_MAIL_PASSWORD": {"name": "mail", "key": "password"}},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "podAnnotations": {"a": "b"},
    },
    "controlPlane": {"names": ["xds.example.com"], "service": {"type": "LoadBalancer", "annotations": {"a": "b"}}},
    "gateway": {
        "autoscaling": {"enabled": False},
        "replicas": 3,
        "https": {"enabled": True, "http3": True, "redirect": True},
        "trustBundleConfigMap": "trust",
        "controlPlanes": ["xds.example.com:18000", "xds.example.org:18000"],
        "storage": {"storageClassName": "fast"},
        "podDisruptionBudget": {"maxUnavailable": "30%"},
    },
    "watched": [{"name": "orders", "secretName": "orders-tls"}],
    "networkPolicy": {
        "portalCallers": [_PEER],
        "gatewayCallers": [_PEER],
        "remoteGateways": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "database": {"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}]},
        "portalMayCall": [{"ports": [{"protocol": "TCP", "port": 587}], "to": [{"ipBlock": {"cidr": "192.0.2.9/32"}}]}],
    },
    "serviceAccount": {"annotations": {"a": "b"}},
}
_LEAST: Object = {"setup": {"enabled": False}, "gateway": {"enabled": False}, "networkPolicy": {"enabled": False}}


@pytest.fixture(autouse=True)
def helm() -> None:
    need_helm()


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("values", [{}, _FULL, _LEAST], ids=["as it is", "everything", "least"])
def test_what_it_makes_is_valid_by_the_published_schemas(values: Object, version: str) -> None:
    for one in render(values):
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("values", [{}, _FULL, _LEAST], ids=["as it is", "everything", "least"])
def test_helm_has_nothing_to_warn_of(values: Object) -> None:
    from helm_python import lint

    report = lint(str(CHART), values, strict=True)
    assert not report["errors"]
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", [{}, _FULL], ids=["as it is", "everything"])
def test_every_pod_is_nobody_in_particular_and_can_do_nothing_but_its_work(values: Object) -> None:
    seen = set()
    for component, template in pods(render(values)):
        seen.add(component)
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"]
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} <= set(container["resources"])
    assert seen == _COMPONENTS


@pytest.mark.parametrize("values", [{}, _FULL], ids=["as it is", "everything"])
def test_secrets_are_referred_to_and_come_as_files(values: Object) -> None:
    objects = render(values)
    assert not of_kind(objects, "Secret")
    assert "secretKeyRef" not in json.dumps(objects)
    mounted = {component: _secrets_of(template["spec"]) for component, template in pods(objects)}
    assert all("publisher-portal" in names for component, names in mounted.items() if component != "gateway")
    assert all(re.fullmatch(r"portal-publisher-portal-gateway-\d+", name) for name in mounted["gateway"])


def _secrets_of(pod: Object) -> set[str]:
    volumes = pod["volumes"]
    own = {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
    return own | {source["secret"]["name"] for volume in volumes for source in volume.get("projected", {}).get("sources", [])}


def test_the_administrators_password_is_for_the_setup_alone() -> None:
    for component, template in pods(render()):
        assert ("administrator-password" in json.dumps(template)) is (component == "setup")


def test_portal_and_control_plane_are_asked_whether_they_live_and_whether_they_are_ready() -> None:
    asked = {component: template["spec"]["containers"][0] for component, template in pods(render(_FULL))}
    for component in ("portal", "control-plane"):
        assert asked[component]["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert asked[component]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    # By the address of the pod, which a probe goes to, the portal may not be called.
    assert asked["portal"]["readinessProbe"]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "portal.example.com"}]
    assert asked["portal"]["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert asked["gateway"]["readinessProbe"]["httpGet"]["path"] == "/status-0123456789abcdef"
    assert "livenessProbe" not in asked["gateway"]


@pytest.mark.parametrize(("hosts", "named"), [([], "localhost"), ([".example.com"], "example.com"), (["*"], "localhost")])
def test_a_probe_calls_the_portal_by_a_name_that_it_goes_by(hosts: list[str], named: str) -> None:
    (portal,) = [template for component, template in pods(render({"portal": {"allowedHosts": hosts}})) if component == "portal"]
    assert portal["spec"]["containers"][0]["readinessProbe"]["httpGet"]["httpHeaders"][0]["value"] == named


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_what_selects_pods_selects_those_of_one_component(kind: str) -> None:
    objects = render(_FULL)
    labels = {component: template["metadata"]["labels"] for component, template in pods(objects)}
    selected = set()
    for one in of_kind(objects, kind).values():
        spec = one["spec"]
        selector = spec.get("podSelector", spec.get("selector"))
        wanted = selector.get("matchLabels", selector)
        (component,) = [name for name, has in labels.items() if wanted.items() <= has.items()]
        selected.add(component)
    assert selected == (_COMPONENTS if kind == "NetworkPolicy" else _COMPONENTS - {"setup"})


def test_a_gateway_may_not_reach_the_database_and_only_the_setup_and_gateways_are_reached_by_nobody_else() -> None:
    policies = of_kind(render({"networkPolicy": {"backEnds": []}}), "NetworkPolicy")
    gateway = policies["portal-publisher-portal-gateway"]["spec"]
    ports = {port["port"] for rule in gateway["egress"] for port in rule["ports"]}
    assert ports == {53, "xds"}
    assert "ingress" not in policies["portal-publisher-portal-setup"]["spec"]
    (control,) = policies["portal-publisher-portal-control-plane"]["spec"]["ingress"]
    assert [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in control["from"]] == ["gateway"]


@pytest.mark.parametrize(("values", "number"), [({}, 6), (_FULL, 3), ({"gateway": {"autoscaling": {"maxReplicas": 9}}}, 9)])
def test_each_gateway_that_there_may_be_has_a_place_for_its_enrolment(values: Object, number: int) -> None:
    (gateway,) = of_kind(render(values), "StatefulSet").values()
    (projected,) = [volume["projected"] for volume in gateway["spec"]["template"]["spec"]["volumes"] if "projected" in volume]
    assert [source["secret"]["name"] for source in projected["sources"]] == [
        f"portal-publisher-portal-gateway-{one}" for one in range(number)
    ]
    assert all(source["secret"]["optional"] for source in projected["sources"])


def test_the_portals_console_knows_how_gateways_are_called() -> None:
    (portal,) = [_environment(template) for component, template in pods(render(_FULL)) if component == "portal"]
    assert portal["GATEWAY_ADDRESS"] == f"portal-publisher-portal-gateway.{NAMESPACE}.svc:80"
    assert portal["GATEWAY_TLS_ADDRESS"] == f"portal-publisher-portal-gateway.{NAMESPACE}.svc:443"
    assert portal["GATEWAY_HTTPS_REDIRECT"] == "1"
    calls = of_kind(render(_FULL), "NetworkPolicy")["portal-publisher-portal"]["spec"]["egress"]
    assert {"http", "https"} <= {port["port"] for rule in calls for port in rule["ports"]}


def test_it_is_of_the_projects_version() -> None:
    told = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (told["version"], told["appVersion"]) == (__version__, __version__)


def test_gateways_are_scaled_or_have_their_number() -> None:
    scaled, fixed = render(), render(_FULL)
    (scaler,) = of_kind(scaled, "HorizontalPodAutoscaler").values()
    (gateway,) = of_kind(scaled, "StatefulSet").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] == gateway["metadata"]["name"]
    assert "replicas" not in gateway["spec"]  # else each upgrade would undo what the scaler did
    assert not of_kind(fixed, "HorizontalPodAutoscaler")
    assert next(iter(of_kind(fixed, "StatefulSet").values()))["spec"]["replicas"] == 3


def test_gateways_come_to_a_name_that_stands_in_the_control_planes_certificate() -> None:
    environments = {component: _environment(template) for component, template in pods(render())}
    host = environments["gateway"]["GATEWAY_XDS_ADDRESS"].rpartition(":")[0]
    assert host in environments["control-plane"]["PORTAL_XDS_NAMES"].split(",")
    assert host == f"portal-publisher-portal-control-plane.{NAMESPACE}.svc"
    assert "portal-publisher-portal-control-plane" in of_kind(render(), "Service")


def test_a_tls_secret_is_a_watched_place_of_portal_and_control_plane() -> None:
    for component, template in pods(render(_FULL)):
        mounts = {mount["mountPath"] for container in template["spec"]["containers"] for mount in container["volumeMounts"]}
        assert ("/watched/orders" in mounts) is (component in {"portal", "control-plane"})
        assert (_environment(template).get("PORTAL_WATCHED_FOLDERS") == "/watched") is (component in {"portal", "control-plane"})


def _environment(template: Object) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for container in template["spec"]["containers"] for one in container["env"]}


def test_it_sets_what_the_readme_knows_and_every_value_is_text() -> None:
    known = (PROJECT / "README.md").read_text(encoding="utf-8")
    for _, template in pods(render(_FULL)):
        for container in template["spec"]["containers"]:
            for one in container["env"]:
                assert isinstance(one.get("value", ""), str)
        names = {name.removesuffix("_FILE") for name in _environment(template)} - {"PORTAL_WATCHED_FOLDERS"}
        assert not [name for name in names if f"`{name}`" not in known]


def test_the_setup_comes_before_what_needs_its_tables() -> None:
    (job,) = of_kind(render(), "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]  # at an installation there is none yet


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"portal": {"replica": 3}}, "replica"),
        ({"gateway": {"replicas": 0}}, "replicas"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"portal": {"secretEnvironment": {"PORTAL_MAIL_PASSWORD": "secret"}}}, "PORTAL_MAIL_PASSWORD"),
        ({"watched": [{"name": "Orders/..", "secretName": "orders"}]}, "watched"),
        ({"gateway": {"podDisruptionBudget": {"minAvailable": 1}}}, "podDisruptionBudget"),
    ],
)
def test_a_value_that_is_wrong_is_named(values: Object, named: str) -> None:
    from helm_python import HelmError

    with pytest.raises(HelmError, match=named):
        render(values)


def test_the_readme_tells_of_every_value() -> None:
    told = (CHART / "README.md").read_text(encoding="utf-8")
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert not [name for name in _names(values) if f"`{name}`" not in told]


def _names(values: dict[str, Any], before: str = "") -> list[str]:
    """Return the names of values down to what the README tells of together."""
    whole = ("annotations", "resources", "podDisruptionBudget")
    names = []
    for name, value in values.items():
        inside = isinstance(value, dict) and value and name not in whole
        names += _names(value, f"{before}{name}.") if inside else [f"{before}{name}"]
    return names
