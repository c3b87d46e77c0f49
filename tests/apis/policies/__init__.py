"""Policy documents and named values."""
