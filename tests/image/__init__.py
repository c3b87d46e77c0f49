"""Tests of the image: built from this checkout, and its roles started from it as compose.yaml says. They need root and Debian's tools."""
