"""Ready lines with which servers let a client certificate in, and nobody else where that can be said. [pure]

Each trusts the certificate above it, which its owner puts where the lines say; what stands between is sent along by the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass

from certificates.facts import Facts
from certificates.handing_over.parts import PublicPart

_NGINX = """\
# within server {{ … }}, where ssl_certificate stands
ssl_client_certificate /etc/nginx/{ca};
ssl_verify_client on;
ssl_verify_depth {depth};
"""
_APACHE = """\
# within <VirtualHost …>, where SSLEngine on stands
SSLCACertificateFile /etc/apache2/{ca}
SSLVerifyClient require
SSLVerifyDepth {depth}
"""
_IIS = """\
# PowerShell, as administrator; replace the name of the site
Import-Certificate -FilePath .\\{ca} -CertStoreLocation Cert:\\LocalMachine\\{store}
& "$env:windir\\system32\\inetsrv\\appcmd.exe" set config "Default Web Site" `
  /section:access /sslFlags:"Ssl,SslNegotiateCert,SslRequireCert" /commit:apphost
"""
_ENVOY = """\
# the transport_socket of a filter chain; add the server's own tls_certificates
name: envoy.transport_sockets.tls
typed_config:
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
  require_client_certificate: true
  common_tls_context:
    validation_context:
      trusted_ca: {{filename: /etc/envoy/{ca}}}
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one kind of server is told.

    :ivar file: the last part of the address of the file that the lines name
    """

    server: str
    file: str
    text: str


def recipes(part: PublicPart) -> list[Recipe]:
    """Return the lines for each kind of server; none where nothing is known that could be trusted."""
    if part.anchor is None:
        return []
    files = part.files()
    pem, cer = files["issuer.pem"].name, files["issuer.cer"].name
    depth = max(len(part.above), 1)
    only = part.subject
    store = "CA" if part.missing_issuer else "Root"
    nginx = _NGINX.format(ca=pem, depth=depth) + (f'if ($ssl_client_s_dn != "{only}") {{ return 403; }}\n' if only else "")
    apache = _APACHE.format(ca=pem, depth=depth) + (_apache_only(only) if only else "")
    return [
        Recipe("nginx", "issuer.pem", nginx),
        Recipe("Apache", "issuer.pem", apache),
        Recipe("IIS", "issuer.cer", _IIS.format(ca=cer, store=store)),
        Recipe("Envoy", "issuer.pem", _ENVOY.format(ca=pem) + _envoy_only(part)),
    ]


def _apache_only(subject: str) -> str:
    return f"<Location />\n  Require expr \"%{{SSL_CLIENT_S_DN}} == '{subject}'\"\n</Location>\n"


def _envoy_only(part: PublicPart) -> str:
    """Return what limits Envoy to this client: the first host name in it, as Envoy does not look at subjects."""
    host = next((one for one in Facts.of(part.der).host_names if "*" not in one), "")
    return f"      match_typed_subject_alt_names: [{{san_type: DNS, matcher: {{exact: {host}}}}}]\n" if host else ""
