"""Pictures of who depends on whom: the APIs of a certificate, and the gateways of the control planes that feed them."""
