"""The kit's issuing of throwaway certificates, under the name by which tests know it."""

from kit.issuing import Issued, PrivateKey, issue

__all__ = ["Issued", "PrivateKey", "issue"]
