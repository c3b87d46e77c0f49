"""One order: account, challenges, certificate. The key is made in the child and is nowhere but in memory until it is sealed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

import josepy
import requests
from acme import challenges, errors, messages
from acme.client import ClientNetwork, ClientV2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from cryptography.x509 import ExtensionNotFound, load_der_x509_certificate, load_der_x509_csr

from certificates.judgement import Purpose
from certificates.loading import refuse_unloadable
from certificates.pfx import Pfx, UnreadablePfx, make_key, read_answer
from certificates.sealing import Secret
from certificates.signing import KeyKind, Wanted
from certificates.sources.trouble import Trouble, Why

HTTP_01, DNS_01 = "http-01", "dns-01"
_ORDER_SECONDS = 60
_REQUEST_SECONDS = 15
# What the library raises of answers that are none: a strange server must not end the process that asks it.
_ODD = (
    *(errors.Error, josepy.errors.Error, ExtensionNotFound),
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError),
)
_KINDS: dict[str, type[challenges.Challenge]] = {HTTP_01: challenges.HTTP01, DNS_01: challenges.DNS01}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What ties a new account to one that the authority knows (external account binding, RFC 8555, 7.3.4)."""

    identifier: str
    key: Secret  # base64url, as authorities hand it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is ordered.

    :ivar directory: the address of the authority's directory
    :ivar names: host names and IP addresses
    :ivar challenge: how it is proven that they are ours
    """

    directory: str
    names: tuple[str, ...]
    key: KeyKind
    challenge: str
    email: str = ""

    @classmethod
    def of(cls, settings: dict[str, str]) -> Self:
        """Return what stored settings say."""
        return cls(
            directory=settings["directory"],
            names=tuple(settings["names"].split()),
            key=KeyKind(settings["key"]),
            challenge=settings["challenge"],
            email=settings.get("email", ""),
        )

    def settings(self) -> dict[str, str]:
        """Return what is stored of it."""
        told = {"directory": self.directory, "names": " ".join(self.names), "key": self.key.value, "challenge": self.challenge}
        return {**told, "email": self.email} if self.email else told


class Proof(Protocol):
    """Where the proofs of one kind of challenge are shown to the authority."""

    def show(self, name: str, token: str, validation: str) -> None:
        """Show one.

        :raises Trouble: if it cannot be shown
        """

    def withdraw(self, name: str, token: str, validation: str) -> None:
        """Show it no longer."""


class Authority:
    """An authority, with one account there."""

    def __init__(self, directory: str, account_key: Secret, *, account: str = "", verify: str = "") -> None:
        """Speak with the account's key (PKCS#8 DER, P-256).

        :param account: the address of the account; empty: it is not there yet
        :param verify: a PEM file with the authorities that the directory's certificate is checked against; empty: the system's
        """
        key = load_der_private_key(account_key.value, None)
        self._key = josepy.JWKEC(key=key)
        self._directory = directory
        self._net = ClientNetwork(
            self._key,
            messages.RegistrationResource(uri=account, body=messages.Registration()) if account else None,
            alg=josepy.ES256,
            user_agent="publisher-portal",
            timeout=_REQUEST_SECONDS,
            verify_ssl=verify or True,
        )

    @property
    def account(self) -> str:
        """The address of the account; empty as long as it is not there."""
        return str(self._net.account.uri) if self._net.account else ""

    def obtain(self, wish: Wish, purpose: Purpose, proof: Proof, *, binding: Binding | None = None) -> Pfx:
        """Return a certificate with a new key, once a gateway's loader has taken it.

        :param binding: for an account that is not there yet
        :raises Trouble: saying what the authority has against it, or that it cannot be reached
        """
        with self._telling():
            client = ClientV2(ClientV2.get_directory(self._directory, self._net), self._net)
            self._sign_in(client, wish, binding)
            private_key, request = make_key(Wanted(key=wish.key, subject="", names=wish.names, purpose=purpose).as_bytes())
            csr = load_der_x509_csr(request)
            order = client.new_order(csr.public_bytes(Encoding.PEM))
            with self._proven(client, order, wish, proof):
                order = client.poll_authorizations(order, deadline := _deadline())
                self._refuse_unproven(order)
                order = client.finalize_order(order, deadline)
            public = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            read = read_answer(order.fullchain_pem.encode(), public, now=datetime.now(UTC))
            pfx = dataclasses.replace(read, private_key=private_key)
            refuse_unloadable(pfx)
            return pfx

    def renewal_of(self, certificate: bytes) -> tuple[datetime | None, datetime]:
        """Return when the authority wants a DER *certificate* renewed (ARI, RFC 9773), if it says so, and when to ask again.

        What is too late for the certificate is nothing that it has said; it is asked again within sensible pauses (4.3.2).
        """
        loaded, now = load_der_x509_certificate(certificate), datetime.now(UTC)
        try:
            client = ClientV2(ClientV2.get_directory(self._directory, self._net), self._net)
            at, ask_at = client.renewal_time(loaded.public_bytes(Encoding.PEM))
            in_time = at is not None and at <= loaded.not_valid_after_utc
        except (*_ODD, messages.Error, requests.RequestException):
            return None, now + timedelta(hours=6)
        return at if in_time else None, min(max(ask_at.astimezone(UTC), now + timedelta(minutes=1)), now + timedelta(days=1))

    def _sign_in(self, client: ClientV2, wish: Wish, binding: Binding | None) -> None:
        """Register the account, unless it is there."""
        if self._net.account is not None:
            return
        if client.external_account_required() and binding is None:
            raise Trouble(why=Why.ACME_BINDING, path=self._directory, field="binding")
        bound = binding and messages.ExternalAccountBinding.from_data(
            self._key.public_key(), binding.identifier, binding.key.value.decode(), client.directory
        )
        client.new_account(
            messages.NewRegistration.from_data(email=wish.email or None, terms_of_service_agreed=True, external_account_binding=bound)
        )

    @contextmanager
    def _proven(self, client: ClientV2, order: Any, wish: Wish, proof: Proof) -> Iterator[None]:
        """Show what the authority wants to see as long as it looks."""
        shown: list[tuple[str, str, str]] = []
        try:
            for authorization in order.authorizations:
                if authorization.body.status == messages.STATUS_VALID:
                    continue
                challenge = self._challenge(authorization.body, wish)
                response, validation = challenge.response_and_validation(self._key)
                shown.append((authorization.body.identifier.value, challenge.chall.encode("token"), validation))
                proof.show(*shown[-1])
                client.answer_challenge(challenge, response)
            yield
        finally:
            for one in shown:
                proof.withdraw(*one)

    def _refuse_unproven(self, order: Any) -> None:
        """Refuse what the authority has not accepted without a word, which the library takes for accepted."""
        bodies = [authorization.body for authorization in order.authorizations]
        if unproven := [body.identifier.value for body in bodies if body.status != messages.STATUS_VALID]:
            raise self._trouble(Why.ACME_UNPROVEN, ", ".join(unproven))

    def _challenge(self, authorization: Any, wish: Wish) -> Any:
        kind = _KINDS[wish.challenge]
        found = next((one for one in authorization.challenges if isinstance(one.chall, kind)), None)
        if found is None:
            detail = f"{authorization.identifier.value}: {wish.challenge}"
            raise Trouble(why=Why.ACME_NO_CHALLENGE, path=self._directory, detail=detail, field="challenge")
        return found

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Put what goes wrong between the authority and us into words."""
        try:
            yield
        except UnreadablePfx as refusal:
            raise Trouble.of(refusal, path=self._directory, has_password=False) from None
        except errors.ValidationError as refused:
            raise self._trouble(Why.ACME_REFUSED, "; ".join(_reasons(refused.failed_authzrs))) from None
        except (errors.TimeoutError, requests.Timeout):
            raise self._trouble(Why.ACME_TIMEOUT) from None
        except requests.RequestException as error:
            raise self._trouble(Why.ACME_UNREACHABLE, type(error).__name__) from None
        except messages.Error as error:
            raise self._trouble(Why.ACME_REFUSED, _words(error)) from None
        except _ODD as error:
            raise self._trouble(Why.ACME_REFUSED, str(error)) from None

    def _trouble(self, why: Why, detail: str = "") -> Trouble:
        return Trouble(why=why, path=self._directory, detail=detail[:500], field="directory")


def new_account_key() -> Secret:
    """Return a key for a new account, PKCS#8 DER."""
    from certificates.pfx import keys

    return keys.pkcs8_of(ec.generate_private_key(ec.SECP256R1()))


def two_thirds(not_before: datetime, not_after: datetime) -> datetime:
    """Return when a certificate is renewed if its authority says nothing about it."""
    return not_before + (not_after - not_before) * 2 / 3


def _deadline() -> datetime:
    return datetime.now() + timedelta(seconds=_ORDER_SECONDS)  # noqa: DTZ005 - the library compares it with local time


def _reasons(failed: Sequence[Any]) -> Iterator[str]:
    for authorization in failed:
        for challenge in authorization.body.challenges:
            if challenge.error is not None:
                yield f"{authorization.body.identifier.value}: {_words(challenge.error)}"


def _words(error: messages.Error) -> str:
    return str(error.detail or error.typ or error)
