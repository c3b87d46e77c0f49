"""The addresses of the server certificates' pages."""

from certificates.kinds import SERVER_CERTIFICATES
from certificates.urls import addresses_of

app_name = "server_certificates"
urlpatterns = addresses_of(SERVER_CERTIFICATES)
