"""What the product is made of, and how it comes onto a machine."""
