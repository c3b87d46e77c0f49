"""Every address of the portal."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from portal import activity_views, locks_views, views
from portal.guide import FIRST_PAGE, guide

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("activity/", activity_views.activity, name="activity"),
    path("help/", guide, {"page": FIRST_PAGE}, name="help"),
    path("help/<slug:page>/", guide, name="guide"),
    path("healthz", views.healthz, name="healthz"),
    path("accounts/login/", views.SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", views.ChangePassword.as_view(), name="password_change"),
    path("accounts/closed/", locks_views.closed, name="locks"),
    path("accounts/preferences/", views.preferences, name="preferences"),
    path("accounts/theme/", views.set_theme, name="set_theme"),
    path("i18n/setlang/", views.set_language, name="set_language"),
    path("security/client-certificates/", include("certificates.urls")),
    path("security/server-certificates/", include("certificates.server_urls")),
    path("apis/", include("apis.urls")),
    path("subscriptions/", include("apis.subscription_urls")),
    path("gateways/", include("gateway.pages.urls")),
    path("access-tokens/", include("rest.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"
