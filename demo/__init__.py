"""The demonstration of `make run`: a back end that accepts mutual TLS only, and an API, without credentials yet, that calls it."""
