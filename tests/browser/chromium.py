"""The browser of the tests: Debian's Chromium where it is or can be installed, else Playwright's own.

``python -m tests.browser.chromium`` installs one if there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """Return the browser of the machine; ``None``: Playwright's own is used."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def launch_arguments() -> list[str]:
    """Return what the browser is started with: it talks to nobody but the pages, and runs as root where it must."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--no-first-run", "--no-pings"]
    contained = ["--disable-dev-shm-usage", "--disable-gpu"]  # containers have little shared memory and no graphics
    return [*quiet, *contained, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def install() -> None:
    """Install a browser unless there is one.

    :raises subprocess.CalledProcessError: if it cannot be had
    """
    if executable():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment)
        packages = ["chromium", "fonts-noto-cjk"]
        if (
            subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *packages], check=False, env=environment).returncode
            == 0
        ):
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    install()
