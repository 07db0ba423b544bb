"""Owns the bucket of a lane: moto's server behind a door that can shut, and what has to be in there once all is tidy."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import boto3
from django.utils import timezone
from moto.server import ThreadedMotoServer

from reports.ingest import raw
from reports.ingest.raw import loose
from reports.ingest.raw.opening import object_of
from reports.ingest.raw.ownership import OBJECT
from reports.models import LooseObject, Organisation, RawMessage
from reports.sealing import SealBroken
from tests.faults import crew
from tests.raw.door import Door

NAME, REGION = "faults", "eu-central-1"
LATER = timedelta(days=2)
"""By then whoever put an object without writing its row is taken for dead."""


logging.getLogger("werkzeug").setLevel(logging.WARNING)


class Store:
    """A running store with one bucket; each database has a prefix of its own there."""

    def __init__(self) -> None:
        self._open = ExitStack()
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        self._open.callback(server.stop)
        host, port = server.get_host_and_port()
        self.door = self._open.enter_context(Door(f"http://{host}:{port}").standing())
        self._client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name=REGION)
        self._client.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})

    def stop(self) -> None:
        """End it."""
        self._open.close()

    def setting(self, database: str, *, is_only_read: bool = False) -> str:
        """What SEKIMORI_RAW_STORE says where the bytes of a database lie there, or go away from there."""
        address = f"s3://{NAME}/{database}?endpoint={self.door.url}&region={REGION}"
        return f"postgresql,{address}" if is_only_read else address

    @contextmanager
    def kept_in(self, database: str) -> Iterator[None]:
        """Have this process keep bytes there for a while."""
        crew.use_store(self.setting(database))
        try:
            yield
        finally:
            crew.use_store("")

    def copy(self, database: str, *, of: str) -> None:
        """Give a copy of a database the objects of its original."""
        for name in (*self.names(of), OBJECT):
            source = {"Bucket": NAME, "Key": f"{of}/{name}"}
            self._client.copy_object(Bucket=NAME, Key=f"{database}/{name}", CopySource=source)

    def names(self, database: str) -> set[str]:
        """The objects of mails that lie there for a database."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=NAME, Prefix=f"{database}/")
        found = {each["Key"].removeprefix(f"{database}/") for page in pages for each in page.get("Contents", [])}
        return found - {OBJECT}

    def faults(self, database: str, *, organisation: Organisation | None = None) -> list[str]:
        """What is wrong when the nights have passed: bytes that cannot be fetched, objects that nothing names, notes that stay."""
        with self.kept_in(database):
            at = timezone.now() + LATER
            loose.let_go(clock=lambda: at, until=at + timedelta(seconds=1))
            found = [f"notes  {LooseObject.objects.count()} left"] if LooseObject.objects.exists() else []
            rows = RawMessage.objects.all() if organisation is None else organisation.rawmessage_set.all()
            found += [f"bytes  {each} {why}" for each in rows if (why := _what_is_wrong(each))]
            named = {object_of(each) for each in rows if each.object_key is not None}
        there = self.names(database)
        if organisation is not None:
            there = {name for name in there if name.startswith(f"{organisation.pk}/")}
        return found + [f"object {name} is named by nothing" for name in sorted(there - named)]


def _what_is_wrong(row: RawMessage) -> str:
    try:
        data = raw.bytes_of(row)
    except SealBroken as error:
        return str(error)
    return "" if hashlib.sha256(data).digest() == bytes(row.sha256) else "are others"
