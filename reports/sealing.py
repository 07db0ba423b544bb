"""Seals secrets, samples and raw mail at rest with the application's keys. The only place that knows the form.

A sealed value is: version byte, 4 bytes that name the key, 12 bytes nonce, AES-256-GCM ciphertext with its tag. Its
purpose is authenticated with it, so that whoever writes SQL cannot let a value that people chose stand for a key.
"""

from __future__ import annotations

import hashlib
import os
from enum import StrEnum
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


class Purpose(StrEnum):
    """What a sealed value is. A value of one purpose opens for no other."""

    MAILBOX_LOGIN = "mailbox login"
    RAW_MESSAGE = "raw message"
    FAILURE_DETAILS = "failure details"
    FAILURE_SAMPLE = "failure sample"
    EVENT_RECIPIENTS = "event recipients"
    SIGNING_KEY = "signing key"
    SIGN_IN = "sign-in"


def seal(plain: bytes, *, purpose: Purpose) -> bytes:
    """Encrypt with the first (newest) key of SEKIMORI_ENCRYPTION_KEYS."""
    name, cipher = next(iter(_ciphers(tuple(settings.SEKIMORI_ENCRYPTION_KEYS)).items()))
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + name + nonce + cipher.encrypt(nonce, plain, _bound(name, purpose))


def unseal(sealed: bytes | memoryview, *, purpose: Purpose) -> bytes:
    """Decrypt a value that `seal` made for the purpose. Raises SealBroken; never returns bytes that were tampered with."""
    value = bytes(sealed)
    name, nonce = value[1 : 1 + _KEY_NAME_BYTES], value[1 + _KEY_NAME_BYTES : _HEAD_BYTES]
    cipher = _ciphers(tuple(settings.SEKIMORI_ENCRYPTION_KEYS)).get(name)
    if value[:1] != _VERSION or cipher is None:
        raise SealBroken("sealed with an unknown key or in an unknown form")
    try:
        return cipher.decrypt(nonce, value[_HEAD_BYTES:], _bound(name, purpose))
    except InvalidTag:
        raise SealBroken("the sealed value is damaged, or was sealed for another purpose") from None


def key_name_of(sealed: bytes) -> bytes:
    """The name of the key that sealed the value."""
    return sealed[1 : 1 + _KEY_NAME_BYTES]


def known_key_names() -> list[bytes]:
    """The names of the keys that this installation has, newest first."""
    return list(_ciphers(tuple(settings.SEKIMORI_ENCRYPTION_KEYS)))


def _bound(name: bytes, purpose: Purpose) -> bytes:
    return _VERSION + name + purpose.encode()


@cache
def _ciphers(keys: tuple[bytes, ...]) -> dict[bytes, AESGCM]:
    return {hashlib.sha256(b"key name" + key).digest()[:_KEY_NAME_BYTES]: AESGCM(key) for key in keys}
