"""The kit's issuing of throwaway certificates, under the name by which tests know it."""

from kit.issuing import Issued, PrivateKey, impersonated, issue

__all__ = ["Issued", "PrivateKey", "impersonated", "issue"]
