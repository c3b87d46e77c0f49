"""The environment of a test run, set before Django reads its settings: a home of its own and a ring of its own keys.

Loaded as an early plugin (``-p tests.environment``); start the tests with ``python -m pytest``.
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from certificates.sealing import new_key
from portal.translations import compile_translations
from tests.homes import SHARED

# Under ``nohup`` what tests start would be deaf to hang-ups; a handler, unlike what is ignored, is not handed on.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)
# Tests start hundreds of processes: what an environment without bytecode costs each of them is a second of a processor.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
_home = tempfile.mkdtemp(prefix="portal-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["PORTAL_HOME"] = _home
if SHARED not in os.environ:  # workers have it from the one that has started them
    os.environ[SHARED] = tempfile.mkdtemp(prefix="portal-tests-shared-")
    atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)
(Path(_home) / "static").mkdir()  # WhiteNoise warns when it is not there
os.environ["PORTAL_SECRET_KEY"] = "for tests only"
os.environ["PORTAL_ENCRYPTION_KEYS"] = new_key()
os.environ.setdefault("PORTAL_ALLOWED_BACKEND_NETWORKS", "127.0.0.0/8,::1/128")
compile_translations(Path(__file__).resolve().parent.parent / "locale", Path(_home) / "locale")
