"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path

from portal import locks_views, views
from portal.activity import pages
from portal.guide import FIRST_PAGE, guide
from portal.metrics.pages import metrics
from portal.people.invitation_views import follow
from portal.people.profile_views import profile
from portal.search.views import search

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("activity/", pages.activity, name="activity"),
    path("activity/people/", pages.people, name="activity_people"),
    path("activity/download/", pages.download, name="activity_download"),
    path("activity/", include("portal.history.urls")),
    path("help/", guide, {"page": FIRST_PAGE}, name="help"),
    path("help/<slug:page>/", guide, name="guide"),
    path("search/", search, name="search"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("portal.signin.urls")),
    path("accounts/closed/", locks_views.closed, name="locks"),
    path("accounts/preferences/", views.preferences, name="preferences"),
    path("accounts/profile/", profile, name="profile"),
    path("accounts/theme/", views.set_theme, name="set_theme"),
    path("accounts/columns/", views.set_columns, name="columns"),
    path("invitations/<str:token>/", follow, name="invitation"),
    path("people/", include("portal.people.urls")),
    path("i18n/setlang/", views.set_language, name="set_language"),
    path("security/client-certificates/", include("certificates.urls")),
    path("security/server-certificates/", include("certificates.server_urls")),
    path("", include("apis.moving.urls")),
    path("security/trusted-authorities/", include("certificates.authorities.urls")),
    path("security/sources/", include("certificates.sources.urls")),
    path("security/doctor/", include("certificates.doctor.urls")),
    path("security/timeline/", include("certificates.timeline.urls")),
    path("apis/", include("apis.urls")),
    path("policies/", include("apis.policies.urls")),
    path("named-values/", include("apis.named_values.urls")),
    path("back-ends/", include("apis.backends.urls")),
    path("subscriptions/", include("apis.subscription_urls")),
    path("gateways/", include("gateway.pages.urls")),
    path("failures/", include("gateway.pages.failure_urls")),
    path("access-tokens/", include("rest.urls")),
    path("notices/", include("notices.urls")),
    path("settings/configuration/", include("rest.configuration.pages.urls")),
    path("settings/", include("portal.house.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"
