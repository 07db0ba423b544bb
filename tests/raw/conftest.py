"""A bucket of moto's server, behind a door, in which this test's installation keeps the bytes of its mails."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest
from pytest_django import Settings

from dmarcsite.raw_store import RawBucket
from reports.ingest.raw import bucket as raw_bucket
from reports.ingest.raw import opening
from reports.ingest.raw.ownership import OBJECT
from reports.models import Organisation
from tests.raw.door import Door
from tests.reports.stored import make_organisation

PREFIX = "raw/"
REGION = "eu-central-1"


class Chest:
    """What lies in the bucket, as its owner sees it past our own code."""

    def __init__(self, endpoint: str, door: Door) -> None:
        self.door = door
        self.name = f"b{uuid4().hex[:20]}"
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="key", aws_secret_access_key="s"
        )
        self.client.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})

    @property
    def address(self) -> RawBucket:
        return RawBucket(self.name, PREFIX, self.door.url, REGION, is_path_style=True)

    def names(self) -> list[str]:
        """Those of mails."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [each["Key"].removeprefix(PREFIX) for each in found if each["Key"] != PREFIX + OBJECT]

    def read(self, name: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=PREFIX + name)["Body"].read())

    def write(self, name: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=PREFIX + name, Body=body)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=PREFIX + name)


@pytest.fixture(scope="module")
def standing_door(s3_endpoint: str) -> Iterator[Door]:
    with Door(s3_endpoint).standing() as door:
        yield door


@pytest.fixture
def chest(
    standing_door: Door, s3_endpoint: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chest]:
    """A fresh bucket that is named in the settings and takes what is new."""
    standing_door.open()
    chest = Chest(s3_endpoint, standing_door)
    settings.RAW_BUCKET, settings.RAW_INTO_BUCKET = chest.address, True
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(raw_bucket, "ATTEMPTS", 1)
    opening._opened.cache_clear()
    yield chest
    opening._opened.cache_clear()


@pytest.fixture
def organisation(db: None) -> Organisation:
    return make_organisation("org")
