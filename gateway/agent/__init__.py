"""What stands beside Envoy: its process, what it is started with, and the question whether it would load a certificate."""
