"""Make the project's own Python environment, .venv, and keep it equal to a requirements file.

``python3 install.py requirements.txt``, run by the Makefile before everything else. It needs nothing but Python, does nothing when
the requirements have not changed since, and may be started twice at once. What it says goes to standard error.
"""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST = (3, 11)


def main() -> None:
    """Install the requirements file named on the command line, unless that has been done."""
    if sys.version_info < OLDEST:
        sys.exit("The portal needs Python 3.11 or later; this is {}.{}. Name another one: make PYTHON=…".format(*sys.version_info))
    requirements = HERE / sys.argv[1]
    wanted = _fingerprint(requirements)
    ENVIRONMENT.mkdir(exist_ok=True)
    with (ENVIRONMENT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second start waits for the first one's installation
        stamp = ENVIRONMENT / f".{requirements.name}"
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(requirements)
            stamp.write_text(wanted)


def _install(requirements: Path) -> None:
    if not PYTHON.exists():
        _say("Making a Python environment in .venv …")
        _run([sys.executable, "-m", "venv", ENVIRONMENT], "Python's venv module is incomplete; on Debian: apt-get install python3-venv")
    _say(f"Installing {requirements.name}: mostly downloads, and only once …")
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off", "-r", requirements]
    _run(pip, "The installation failed; pip says why above.")


def _run(command: list[str | Path], hint: str) -> None:
    if subprocess.run(command, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 - pip and venv
        sys.exit(hint)


def _fingerprint(requirements: Path) -> str:
    """Return a digest of the requirements and of the files that they include."""
    text = requirements.read_text(encoding="utf-8")
    included = [line.removeprefix("-r ").strip() for line in text.splitlines() if line.startswith("-r ")]
    return hashlib.sha256("\n".join([text, *(_fingerprint(HERE / name) for name in included)]).encode()).hexdigest()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
