"""Policy documents: of all APIs, of one, of an operation; stored as they were sent, checked, put into effect, and their pages."""
