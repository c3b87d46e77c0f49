"""`make lock`: pin what the requirements files name and all that it needs, for every Python and system, each file by its hash."""

import subprocess
import sys
from pathlib import Path

import install

PRODUCT, DEVELOPERS = (install.HERE / name for name in ("requirements.txt", "requirements-dev.txt"))
_UV = install.ENVIRONMENT / "bin" / "uv"
_OLDEST = "{}.{}".format(*install.OLDEST)


def main(options: list[str]) -> None:
    """Renew both lock files; what is pinned stays so unless its requirement says otherwise or *options* hold ``--upgrade``."""
    if not _UV.exists():
        install.install(DEVELOPERS)  # as it was locked last
    _lock(PRODUCT, options)
    _lock(DEVELOPERS, [*options, "--constraint", str(install.lock_of(PRODUCT))])  # developers test what is shipped


def _lock(requirements: Path, options: list[str]) -> None:
    lock = install.lock_of(requirements)
    how = ("--universal", "--python-version", _OLDEST, "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
    command: list[str | Path] = [_UV, "pip", "compile", *how, "--output-file", lock, *options, requirements]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{lock.name} was not renewed; uv says why above.")
    head = f"# Made by `make lock` from {requirements.name} ({install.digest(requirements)}); not to be edited."
    lock.write_text(f"{head}\n{lock.read_text(encoding='utf-8')}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
