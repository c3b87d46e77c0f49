"""An API's back end as Envoy's cluster: protocol, TLS, credentials. [pure]"""
