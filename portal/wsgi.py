"""Django as a WSGI application; refuses to start on a broken set-up. :mod:`portal.asgi` serves it."""

import io
import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
call_command("check", databases=["default"], stdout=io.StringIO())
