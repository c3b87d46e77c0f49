"""SQLite as the portal uses it: Django's backend, which here notices when its file was lost or replaced."""
