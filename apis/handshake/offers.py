"""What is offered to back ends over TLS, by the gateway and by whoever looks at them: versions and cipher suites. [pure]

Whatever OpenSSL and curl reach by their defaults is reached, as far as Envoy's library (BoringSSL) has it. By itself that library would
offer no more than today's browsers: no CBC and no key exchange by RSA, which is all that some servers have in common with it.
"""

from __future__ import annotations

# The strongest first. AES-SHA is what Windows Server 2012 R2, as it is installed, has in common with us.
SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
)
OLD_SUITES = ("DES-CBC3-SHA",)  # what only old servers need, and nobody should (SWEET32)
