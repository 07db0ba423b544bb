"""Seals secrets, samples and raw mail at rest with the application's keys. The only place that knows the form.

A sealed value is: version byte, 4 bytes that name the key, 12 bytes nonce, AES-256-GCM ciphertext with its tag.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_KEY_NAME_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _KEY_NAME_BYTES + _NONCE_BYTES


class SealBroken(Exception):
    """The value is damaged, or was sealed with a key that this installation does not have."""


def seal(plain: bytes) -> bytes:
    """Encrypt with the first (newest) key of SEKIMORI_ENCRYPTION_KEYS."""
    name, cipher = next(iter(_ciphers(tuple(settings.SEKIMORI_ENCRYPTION_KEYS)).items()))
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + name + nonce + cipher.encrypt(nonce, plain, _VERSION + name)


def unseal(sealed: bytes | memoryview) -> bytes:
    """Decrypt a value made by `seal`. Raises SealBroken; never returns bytes that were tampered with."""
    value = bytes(sealed)
    name, nonce = value[1 : 1 + _KEY_NAME_BYTES], value[1 + _KEY_NAME_BYTES : _HEAD_BYTES]
    cipher = _ciphers(tuple(settings.SEKIMORI_ENCRYPTION_KEYS)).get(name)
    if value[:1] != _VERSION or cipher is None:
        raise SealBroken("sealed with an unknown key or in an unknown form")
    try:
        return cipher.decrypt(nonce, value[_HEAD_BYTES:], _VERSION + name)
    except InvalidTag:
        raise SealBroken("the sealed value is damaged") from None


@cache
def _ciphers(keys: tuple[bytes, ...]) -> dict[bytes, AESGCM]:
    return {hashlib.sha256(b"key name" + key).digest()[:_KEY_NAME_BYTES]: AESGCM(key) for key in keys}
