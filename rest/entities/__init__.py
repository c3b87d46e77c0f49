"""The kinds of entities of the REST API, one module each."""
