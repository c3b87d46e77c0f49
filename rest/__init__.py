"""The management REST API, a thin translation onto the actions that the pages use."""
