"""One connection to a back end under the microscope: what is asked, how it is made, what it shows and what that means. [pure]

Portal and agents use the same. It is made with OpenSSL rather than with Envoy's library, because that tells whether a certificate was
asked for and of whom, and names each alert, also under TLS 1.3. It offers what Envoy offers (:mod:`apis.handshake.offers`), so that it
agrees on nothing that Envoy would not.
"""
