"""What `serve` runs, and how it hands on what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from portal.serving import procfile
from tests.processes import PROJECT


def test_the_procfile_names_what_is_run() -> None:
    text = "# what runs\nweb: exec python manage.py portal run --at 127.0.0.1:8000\n\n  xds :exec xds  \n"
    assert procfile(text) == {"web": "exec python manage.py portal run --at 127.0.0.1:8000", "xds": "exec xds"}


SAYS = """
import os, sys, threading
from portal.serving import Lines

lines = Lines()
one, two = lines.pipe("one"), lines.pipe("other")
said = ((one, b"first\\n"), (two, b"second\\n"))
threads = [threading.Thread(target=os.write, args=(pipe, line * int(sys.argv[1]))) for pipe, line in said]
for thread in threads:
    thread.daemon = True
    thread.start()
for thread in threads:
    thread.join(1)
lines.close()
"""


def say(count: int, **options: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SAYS, str(count)], cwd=PROJECT, env={**os.environ, "TZ": "UTC"}, **options)  # type: ignore[call-overload, no-any-return]


def test_each_line_comes_whole_and_with_its_name() -> None:
    with say(1000, stdout=subprocess.PIPE) as saying:
        said = saying.communicate(timeout=20)[0].decode().splitlines()
    assert len(said) == 2000
    assert {re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in said} == {"one     | first", "other   | second"}


def test_a_reader_who_does_not_read_holds_up_no_end() -> None:
    with say(100_000, stdout=subprocess.PIPE) as saying:
        began = time.monotonic()
        assert saying.wait(20) == 0
        assert time.monotonic() - began < 10


def test_a_reader_who_has_gone_does_not_end_what_runs() -> None:
    read, write = os.pipe()
    os.close(read)
    with say(1000, stdout=write) as saying:
        os.close(write)
        assert saying.wait(20) == 0
