"""What the gateway sends to prove itself: rows, forms, documents."""
