"""A policy's signature holds for exactly its bytes and a trusted key."""

from __future__ import annotations

import pytest

from exceptions.errors import SignatureError
from exceptions.signing import key_id, private_key, public_keys, public_text, sign, verify

KEY = private_key(bytes(range(32)))
OTHER = private_key(bytes(32))
TRUSTED = public_keys([public_text(KEY.public_key())])
BODY = b'{"number":1}'


@pytest.mark.parametrize(
    ("body", "header", "code"),
    [
        (BODY, None, "no_signature"),
        (BODY, "", "no_signature"),
        (BODY, "ed25519", "unreadable_signature"),
        (BODY, sign(BODY, KEY) + "\n", "unreadable_signature"),
        (BODY, sign(BODY, KEY).replace("ed25519", "none"), "unreadable_signature"),
        (BODY, sign(BODY, OTHER), "unknown_key"),
        (BODY + b" ", sign(BODY, KEY), "bad_signature"),
        (BODY[:-1], sign(BODY, KEY), "bad_signature"),
        (BODY, sign(BODY, OTHER).replace(key_id(OTHER.public_key()), key_id(KEY.public_key())), "bad_signature"),
    ],
)
def test_anything_but_a_trusted_signature_over_these_bytes_is_refused(body: bytes, header: str, code: str) -> None:
    with pytest.raises(SignatureError) as refusal:
        verify(body, header, TRUSTED)
    assert refusal.value.code == code


@pytest.mark.parametrize("text", ["", "AAAA", "not base64", public_text(KEY.public_key())[:-4]])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SignatureError) as refusal:
        public_keys([text])
    assert refusal.value.code == "bad_key"


def test_a_private_key_of_another_length_is_refused() -> None:
    with pytest.raises(SignatureError) as refusal:
        private_key(bytes(31))
    assert refusal.value.code == "bad_key"


def test_a_signature_by_any_trusted_key_is_taken_so_that_keys_can_be_replaced() -> None:
    both = public_keys([public_text(KEY.public_key()), public_text(OTHER.public_key())])
    verify(BODY, sign(BODY, KEY), both)
    verify(BODY, sign(BODY, OTHER), both)


def test_the_header_is_the_documented_one() -> None:
    assert key_id(KEY.public_key()) == "56475aa75463474c"
    assert sign(BODY, KEY).startswith("ed25519;keyid=56475aa75463474c;sig=")
