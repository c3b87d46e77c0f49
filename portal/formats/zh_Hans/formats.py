"""Simplified Chinese: large numbers in groups of three (GB/T 15835-2011, 5.1), as pages in English have them; Django does not part them."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
