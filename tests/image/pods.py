"""Starts the pods of the chart as a cluster would, from the built image: what is mounted belongs to root, and to the pod's group."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.helm.rendering import NAMESPACE, Object
from tests.image.containers import Container, Engine, bound

GATEWAY = "portal-publisher-portal-gateway-0"
HOSTS = ("pod-setup", "pod-portal", "pod-control-plane", "pod-gateway")
ALIASES = {f"portal-publisher-portal-control-plane.{NAMESPACE}.svc": "pod-control-plane"}
_MOST_SECONDS = 5.0


@dataclass
class Node:
    """What runs pods.

    :ivar secrets: by name, their keys and values; one that changes is handed to pods at :meth:`hand_over`
    """

    engine: Engine
    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def start(self, component: str, template: Object) -> Container:
        """Start the one container of a pod."""
        pod = template["spec"]
        (container,) = pod["containers"]
        told = self.engine.image.configuration
        environment = self.engine.image.environment(dict(self._environment(container)))
        process = {"args": [*told["Entrypoint"], *container["args"]], "env": environment}
        folders = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = [self._mount(component, folders.get(one["name"], one), one) for one in container["volumeMounts"]]
        self.hand_over(component, pod)
        return self.engine.launch(f"pod-{component}", process, mounts)

    def hand_over(self, component: str, pod: Object) -> None:
        """Write the secrets that a pod mounts, as they are now."""
        group, user = pod["securityContext"]["fsGroup"], 0
        for volume in pod["volumes"]:
            for path, content in self._files(volume):
                file = self._folder(component, volume["name"]) / path
                for folder in reversed(list(file.relative_to(self.engine.folder).parents)[:-1]):
                    (self.engine.folder / folder).mkdir(mode=0o755, exist_ok=True)
                file.write_text(content, encoding="ascii")
                os.chown(file, user, group)
                file.chmod(0o440)

    def asks(self, component: str, probe: Object) -> bool:
        """Return whether a probe by HTTP succeeds, made as the kubelet makes it: to the pod's own address."""
        ports = {"pages": 8000, "health": 18001, "http": 8080}
        asked = probe["httpGet"]
        headers = {one["name"]: one["value"] for one in asked.get("httpHeaders", [])}
        url = f"http://{self.engine.lab.address[f'pod-{component}']}:{ports[asked['port']]}{asked['path']}"
        try:
            return requests.get(url, headers=headers, timeout=_MOST_SECONDS).ok
        except requests.ConnectionError:
            return False

    def _environment(self, container: Object) -> Iterator[tuple[str, str]]:
        name = ""
        for one in container["env"]:
            if "valueFrom" in one:
                assert one["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
                name = GATEWAY
            yield one["name"], one.get("value", name).replace("$(GATEWAY_NAME)", name)

    def _folder(self, component: str, volume: str) -> Path:
        return self.engine.folder / "pods" / component / volume

    def _mount(self, component: str, volume: Object, mount: Object) -> dict[str, Any]:
        folder = self._folder(component, volume["name"])
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 0, 10001)
        read_only = mount.get("readOnly", False)
        folder.chmod(0o755 if read_only else 0o2770)
        return bound(folder, mount["mountPath"], "ro" if read_only else "rw")

    def _files(self, volume: Object) -> Iterator[tuple[str, str]]:
        one = [volume["secret"] | {"name": volume["secret"]["secretName"]}] if "secret" in volume else []
        for source in (*one, *(part["secret"] for part in volume.get("projected", {}).get("sources", []))):
            secret = self.secrets.get(source["name"])
            assert secret is not None or source.get("optional")
            if secret is not None:
                yield from ((item["path"], secret[item["key"]]) for item in source["items"])
