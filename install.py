"""Make the project's own Python environment, .venv, and keep it equal to a lock file.

``python3 install.py requirements.txt`` installs requirements.lock, every file of it by its hash. The Makefile runs it before everything
else. It needs nothing but Python, does nothing when the lock has not changed since, and may be started twice at once. Where
``PORTAL_WHEELS`` names a folder of wheels (`make wheels`), nothing is downloaded. What it says goes to standard error.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST = (3, 11)


def main() -> None:
    """Install the lock of the requirements file named on the command line, unless that has been done."""
    if sys.version_info < OLDEST:
        sys.exit("The portal needs Python 3.11 or later; this is {}.{}. Name another one: make PYTHON=…".format(*sys.version_info))
    requirements = HERE / sys.argv[1]
    if not agrees(requirements):
        sys.exit(f"{requirements.name} has changed since {lock_of(requirements).name} was made; make lock")
    install(requirements)


def install(requirements: Path) -> None:
    """Install what the lock of *requirements* says, unless that has been done."""
    lock = lock_of(requirements)
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    ENVIRONMENT.mkdir(exist_ok=True)
    with (ENVIRONMENT / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # a second start waits for the first one's installation
        stamp = ENVIRONMENT / f".{lock.name}"
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(lock)
            stamp.write_text(wanted)


def lock_of(requirements: Path) -> Path:
    """Return the lock file of *requirements*."""
    return requirements.with_suffix(".lock")


def agrees(requirements: Path) -> bool:
    """Return whether the lock was made from *requirements* as they are now: its first line holds their digest."""
    return digest(requirements) in lock_of(requirements).read_text(encoding="utf-8").partition("\n")[0]


def digest(requirements: Path) -> str:
    """Return a digest of the requirements and of the files that they include; comments do not count."""
    lines = [line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    included = [digest(requirements.with_name(line.removeprefix("-r ").strip())) for line in lines if line.startswith("-r ")]
    return hashlib.sha256("\n".join([*filter(None, lines), *included]).encode()).hexdigest()


def _install(lock: Path) -> None:
    if not PYTHON.exists():
        _say("Making a Python environment in .venv …")
        _run([sys.executable, "-m", "venv", ENVIRONMENT], "Python's venv module is incomplete; on Debian: apt-get install python3-venv")
    wheels = os.environ.get("PORTAL_WHEELS")
    source = f"from {wheels}" if wheels else "mostly downloads, and only once"
    _say(f"Installing {lock.name}: {source} …")
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--progress-bar",
        "off",
        "--require-hashes",
        "--no-deps",
    ]
    if wheels:
        pip += ["--no-index", "--find-links", wheels]
    _run([*pip, "-r", lock], "The installation failed; pip says why above.")


def _run(command: list[str | Path], hint: str) -> None:
    if subprocess.run(command, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 - pip and venv
        sys.exit(hint)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
