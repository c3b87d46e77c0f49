"""What the gateway sends to a back end to prove itself besides certificates and HTTP basic. Of an API, or of a back end for its APIs."""
