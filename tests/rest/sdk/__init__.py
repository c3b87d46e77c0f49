"""What the unmodified published clients do, run in processes of their own."""
