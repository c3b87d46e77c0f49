"""The addresses of the policy of all APIs."""

from django.urls import path

from apis.policies import views

app_name = "policies"
urlpatterns = [
    path("", views.editor, name="service"),
    path("check/", views.check, name="service_check"),
    path("add/<slug:statement>/", views.add, name="service_add"),
]
