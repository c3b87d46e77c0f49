"""What is called and what fails: read from what Envoy reports."""
