"""Export and import as pages, for administrators."""
