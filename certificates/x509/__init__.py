"""X.509 certificates (RFC 5280) read leniently: what the gateway's TLS library loads, however it is written. [pure]"""

from certificates.x509.certificate import Certificate

__all__ = ["Certificate"]
