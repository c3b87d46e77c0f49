"""The settings of a process that answers pages: its threads share a bounded number of connections to PostgreSQL.

Each of its 32 threads would keep one otherwise, so that two portals took more than a server gives by default (100).
"""

from portal import logs
from portal.environment import read
from portal.settings import *  # noqa: F403 - all of them

if LOG_FORMAT == logs.JSON:  # noqa: F405
    logs.speak_json("portal")
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":  # noqa: F405
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 - the pool keeps them
    DATABASES["default"]["OPTIONS"]["pool"] = {  # noqa: F405
        "min_size": 1,
        "max_size": int(read("PORTAL_DATABASE_CONNECTIONS", "8")),
        "timeout": 5,  # seconds that a page waits for one; more only where the server is away
        "reconnect_timeout": 1,  # the next page tries again, rather than a pool that tries ever more seldom
    }
