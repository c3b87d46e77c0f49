"""The floor of the house: settings, people, the activity log."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """The portal app."""

    name = "portal"
    verbose_name = _("Publisher portal")

    def ready(self) -> None:
        """Keep the role groups equal to the models after each migration; lines of the log lead to the pages of people."""
        from portal import subjects
        from portal.roles import establish_roles

        subjects.register("people", model="auth.User", url_name="people:detail", field="username")

        post_migrate.connect(establish_roles, dispatch_uid="portal.establish_roles")


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django admin within the portal's rules: one sign-in, one look, open to Administrators."""

    default = False  # the app of this module is the portal
    default_site = "portal.administration.PortalAdminSite"
