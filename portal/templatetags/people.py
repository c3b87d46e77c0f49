"""How pages name roles."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.roles import Role

register = template.Library()


@register.simple_tag
def role(value: str) -> SafeString:
    """Render a role by its value; an empty one is none."""
    if not value:
        return format_html('<span class="muted">{}</span>', _("no role"))
    return format_html("{}", Role(value).label)
