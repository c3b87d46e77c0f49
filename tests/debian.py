"""Servers and tools that some tests speak to and that are no Python packages: where they are, and what is left out without them."""

from __future__ import annotations

import os
import shutil

import pytest

# The program that tells whether Debian's package is there.
PACKAGES = {
    "ab": "apache2-utils",
    "apache2": "apache2",
    "buildah": "buildah",
    "caddy": "caddy",
    "catalina.sh": "tomcat10",
    "curl": "curl",
    "haproxy": "haproxy",
    "ip": "iproute2",
    "java": "default-jre-headless",
    "mmdebstrap": "mmdebstrap",
    "nginx": "nginx",
    "npm": "npm",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "openssl": "openssl",
    "runc": "runc",
    "systemd-analyze": "systemd",
}
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/share/tomcat10/bin"


def program(name: str) -> str:
    """Return where the program *name* is. Without it the test that asks is left out, and fails where nothing may be (``CI``)."""
    if found := shutil.which(name, path=_PLACES):
        return found
    words = f"needs {name}, which is missing here; on Debian: apt-get install {PACKAGES[name]}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)
