"""The keys that sign policies: made on first use, sealed at rest. Nothing else ever sees a private one."""

from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.db.models import QuerySet

from exceptions import signing
from exceptions.models import SigningKey
from exceptions.models.locks import Locked, lock
from reports.audit import log
from reports.audit.actions import register
from reports.sealing import Purpose, seal, unseal

MADE = register("exceptions.signing_key.made")


def current_key(*, at: datetime) -> Ed25519PrivateKey:
    """The key that signs now. Raises reports.sealing.SealBroken where this installation cannot open it."""
    return signing.private_key(unseal(_current_row(at).private, purpose=Purpose.SIGNING_KEY))


def public_keys(*, at: datetime) -> list[str]:
    """What people copy into a node's configuration: the public keys that are not retired, the signing one first."""
    _current_row(at)
    return list(_usable().values_list("public", flat=True))


def _current_row(at: datetime) -> SigningKey:
    return _usable().first() or _make_first(at)


def _usable() -> QuerySet[SigningKey]:
    return SigningKey.objects.filter(retired_at__isnull=True).order_by("-pk")


@transaction.atomic
def _make_first(at: datetime) -> SigningKey:
    lock(Locked.SIGNING_KEY)
    found = _usable().first()
    if found:
        return found
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    row = SigningKey.objects.create(
        key_id=signing.key_id(public),
        public=signing.public_text(public),
        private=seal(private.private_bytes_raw(), purpose=Purpose.SIGNING_KEY),
        created_at=at,
    )
    log.record(MADE, at=at, subject=row, data={"key_id": row.key_id})
    return row
