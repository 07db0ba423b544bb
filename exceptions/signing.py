"""Detached Ed25519 signatures (RFC 8032) over the exact bytes of a policy. Knows nothing of what the bytes say."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exceptions.errors import SignatureError

_HEADER = re.compile(r"ed25519;keyid=([0-9a-f]{16});sig=([A-Za-z0-9+/]{86}==)")
_KEY_LENGTH = 32

PublicKeys = Mapping[str, Ed25519PublicKey]
"""Trusted keys by key id; more than one while a key is being replaced."""


def raw_public(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """The first eight bytes of SHA-256 over the raw public key, in lower-case hex."""
    return hashlib.sha256(raw_public(key)).hexdigest()[:16]


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as people copy it into a node's configuration: base64 of its 32 raw bytes."""
    return base64.b64encode(raw_public(key)).decode()


def private_key(raw: bytes) -> Ed25519PrivateKey:
    """The private key from its 32 raw bytes; raises SignatureError("bad_key")."""
    if len(raw) != _KEY_LENGTH:
        raise SignatureError("bad_key")
    return Ed25519PrivateKey.from_private_bytes(raw)


def public_keys(texts: Iterable[str]) -> PublicKeys:
    """Read keys that `public_text` wrote; raises SignatureError("bad_key")."""
    keys = {}
    for text in texts:
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        except ValueError:
            raise SignatureError("bad_key") from None
        keys[key_id(key)] = key
    return keys


def sign(body: bytes, key: Ed25519PrivateKey) -> str:
    """The value of the Sekimori-Signature header for exactly these bytes."""
    signature = base64.b64encode(key.sign(body)).decode()
    return f"ed25519;keyid={key_id(key.public_key())};sig={signature}"


def verify(body: bytes, header: str | None, keys: PublicKeys) -> None:
    """Return if a trusted key signed exactly these bytes.

    Raises SignatureError with no_signature, unreadable_signature, unknown_key or bad_signature.
    """
    if not header:
        raise SignatureError("no_signature")
    parts = _HEADER.fullmatch(header)
    if parts is None:
        raise SignatureError("unreadable_signature")
    key = keys.get(parts[1])
    if key is None:
        raise SignatureError("unknown_key", keyid=parts[1])
    try:
        key.verify(base64.b64decode(parts[2]), body)
    except InvalidSignature:
        raise SignatureError("bad_signature", keyid=parts[1]) from None
