"""The settings of a process that answers pages: its threads share a bounded number of connections to PostgreSQL.

Each of its 32 threads would keep one otherwise, so that two portals took more than a server gives by default (100).
"""

from portal import logs
from portal.environment import read
from portal.pool import pooled
from portal.settings import *  # noqa: F403 - all of them

if LOG_FORMAT == logs.JSON:  # noqa: F405
    logs.speak_json("portal")
pooled(DATABASES["default"], most=int(read("PORTAL_DATABASE_CONNECTIONS", "8")))  # noqa: F405
