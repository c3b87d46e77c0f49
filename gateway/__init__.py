"""What Envoy needs: policies compiled to resources, the delta xDS server, the nodes and what each has applied."""
