"""SEKIMORI_RAW_STORE: what it may say, and a sentence for everything else."""

from __future__ import annotations

import pytest

from dmarcsite.env import BadSetting
from dmarcsite.raw_store import RawBucket, raw_store_from


@pytest.mark.parametrize(
    "text",
    [
        "mysql",
        "s3:",
        "s3:///prefix",
        "s3://bucket?endpoint=storage.example.com",
        "s3://bucket?endpoint=ftp://storage.example.com",
        "s3://bucket?endpoint=https://storage.example.com:port",
        "s3://bucket?endpoint=",
        "s3://bucket?style=other",
        "s3://bucket?secret=x",
        "s3://bucket?region",
        "s3://bucket#part",
        "https://storage.example.com/bucket",
        "s3://[bucket",
    ],
)
def test_what_names_no_store_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadSetting, match="must be postgresql, or like s3://bucket/prefix"):
        raw_store_from(text)


def test_credentials_do_not_belong_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadSetting, match="AWS_ACCESS_KEY_ID") as caught:
        raw_store_from("s3://key:secret-word@bucket/prefix")
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("text", ["postgresql,postgresql", "s3://one,s3://two", "s3://one,postgresql,s3://two"])
def test_two_of_a_kind_are_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="not two of a kind"):
        raw_store_from(text)


@pytest.mark.parametrize("text", ["", "postgresql", " postgresql , "])
def test_without_a_bucket_everything_lies_in_postgresql(text: str) -> None:
    assert raw_store_from(text) == (False, None)


def test_a_bucket_takes_what_is_new_unless_postgresql_is_named_before_it() -> None:
    bucket = RawBucket("bucket", "", "", "", is_path_style=False)
    assert raw_store_from("s3://bucket") == (True, bucket)
    assert raw_store_from("s3://bucket,postgresql") == (True, bucket)
    assert raw_store_from("postgresql,s3://bucket") == (False, bucket)


def test_a_store_of_ones_own_is_asked_by_path() -> None:
    text = "s3://dmarc-raw/one/two/?endpoint=https://s3.example.com:9000&region=eu-central-1"
    endpoint = "https://s3.example.com:9000"
    assert raw_store_from(text) == (
        True,
        RawBucket("dmarc-raw", "one/two/", endpoint, "eu-central-1", is_path_style=True),
    )
    assert raw_store_from(text + "&style=virtual")[1] == RawBucket(
        "dmarc-raw", "one/two/", endpoint, "eu-central-1", is_path_style=False
    )
