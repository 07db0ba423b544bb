"""What is sealed for one purpose opens for no other, and nothing opens that was changed."""

from __future__ import annotations

import itertools

import pytest

from reports.sealing import Purpose, SealBroken, seal, unseal


@pytest.mark.parametrize(("made", "asked"), list(itertools.permutations(Purpose, 2)))
def test_a_value_opens_for_no_other_purpose(made: Purpose, asked: Purpose) -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"k" * 32, purpose=made), purpose=asked)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_value_opens_for_its_own_purpose_and_not_when_a_byte_was_changed(purpose: Purpose) -> None:
    sealed = seal(b"plain", purpose=purpose)
    assert unseal(memoryview(sealed), purpose=purpose) == b"plain"
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            unseal(bytes(changed), purpose=purpose)
