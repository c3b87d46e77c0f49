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

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
