"""Owns DKIM key pairs made at run time, their DNS records, and the signing of a test letter with them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import dkim  # type: ignore[import-untyped]  # dkimpy ships no types
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_TXT_CHUNK = 250


@dataclass(frozen=True)
class DkimKey:
    """One RSA key of ``domain`` under ``selector``."""

    domain: str
    selector: str
    private_pem: bytes
    public_der: bytes

    def sign(self, letter: bytes) -> bytes:
        """Return ``letter`` (CRLF lines) with a DKIM-Signature of this domain in front."""
        signature = dkim.sign(
            letter, self.selector.encode(), self.domain.encode(), self.private_pem,
            include_headers=[b"from", b"to", b"subject", b"message-id"],
        )  # fmt: skip
        return bytes(signature) + letter

    def record(self) -> str:
        """Return the TXT record that publishes the public half, in zone-file form."""
        value = f"v=DKIM1; k=rsa; p={base64.b64encode(self.public_der).decode()}"
        return txt(f"{self.selector}._domainkey.{self.domain}", value)


def make_key(domain: str, *, selector: str = "s1") -> DkimKey:
    """Make a fresh RSA-2048 key for ``domain``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DkimKey(domain, selector, private, public)


def txt(name: str, value: str) -> str:
    """Return one TXT record in zone-file form, cut into strings of at most 250 characters."""
    chunks = (value[start : start + _TXT_CHUNK] for start in range(0, len(value), _TXT_CHUNK))
    return f"{name} 300 IN TXT " + " ".join(f'"{chunk}"' for chunk in chunks)
