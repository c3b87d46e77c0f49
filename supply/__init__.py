"""What the product is made of: lock files, the bill of materials, advisories, licences. For developers; the product does not need it."""
