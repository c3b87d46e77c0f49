"""The whole configuration as a file: written, compared, laid over one another, read back so that only what differs is changed."""
