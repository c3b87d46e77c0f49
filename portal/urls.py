"""Every address of the portal."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("healthz", views.healthz, name="healthz"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("security/client-certificates/", include("certificates.urls")),
    path("apis/", include("apis.urls")),
    path("subscriptions/", include("apis.subscription_urls")),
    path("gateways/", include("gateway.urls")),
    path("management/", include("rest.urls")),
    path("admin/", admin.site.urls),
]
