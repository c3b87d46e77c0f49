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
        """After each migration keep the role groups equal to the models and the log guarded; note who signs in and out.

        Lines of the log lead to the pages of people. Register the check of what belongs together.
        """
        from portal import identity, schema, subjects  # noqa: F401 - models are there only now
        from portal.activity import checks, sign_ins  # noqa: F401 - checks register themselves
        from portal.activity.guards import guard
        from portal.metrics import checks as metrics_checks  # noqa: F401
        from portal.roles import establish_roles
        from portal.subjects import describe

        subjects.register("people", model="auth.User", url_name="people:detail", field="username")

        post_migrate.connect(establish_roles, dispatch_uid="portal.establish_roles")
        post_migrate.connect(guard, sender=self, dispatch_uid="portal.guard_activity")
        sign_ins.listen()
        describe("people", "auth.User")


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django admin within the portal's rules: one sign-in, one look, open to Administrators."""

    default = False  # the app of this module is the portal
    default_site = "portal.administration.PortalAdminSite"
