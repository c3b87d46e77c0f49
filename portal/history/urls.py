"""The addresses of lines of the activity log."""

from django.urls import re_path

from portal.history import pages

_LINE = r"^(?P<number>[0-9]{1,18})/"  # what the database can hold

urlpatterns = [
    re_path(rf"{_LINE}$", pages.line, name="activity_line"),
    re_path(rf"{_LINE}restore/$", pages.put_back, name="activity_restore"),
    re_path(rf"{_LINE}undo/$", pages.take_back, name="activity_undo"),
]
