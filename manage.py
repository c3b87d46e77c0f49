#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import resource
import sys


def main() -> None:
    """Run the command named in ``sys.argv``."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core of portal, xDS process or Envoy would hold private keys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:] == ["--version"]:  # Django would tell its own
        from portal import __version__

        sys.stdout.write(f"{__version__}\n")
        return
    from django.core.management import execute_from_command_line

    if name := _process_of(sys.argv[1:]):
        from portal import logs
        from portal.environment import read

        if read("PORTAL_LOG_FORMAT") == logs.JSON:
            logs.speak_json(name)
    execute_from_command_line(sys.argv)


def _process_of(arguments: list[str]) -> str:
    """Return the name of the process that runs on, and logs; empty for commands that answer somebody."""
    match arguments:
        case ["portal" | "gateway", "run", *_]:
            return arguments[0]
        case ["xds" | "serve" | "setup", *_]:
            return arguments[0]
    return ""


if __name__ == "__main__":
    main()
