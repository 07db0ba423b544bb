"""Where the bytes of mails go, as SEKIMORI_RAW_STORE says: PostgreSQL, or a bucket. Used by settings alone."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from dmarcsite.env import BadSetting

POSTGRESQL = "postgresql"
_OPTIONS = {"endpoint", "region", "style"}
_STYLES = {"path", "virtual"}


class RawBucket(NamedTuple):
    """A bucket of an S3-compatible store; `prefix` ends with "/" or is "", `endpoint_url` is "" for Amazon."""

    name: str
    prefix: str
    endpoint_url: str
    region: str
    is_path_style: bool


def raw_store_from(text: str) -> tuple[bool, RawBucket | None]:
    """Whether new bytes go into a bucket, and the bucket from which bytes may be read. Raises BadSetting.

    Stores are separated by commas: the first takes what is new, the other is still read.
    """
    stores = [part.strip() for part in text.split(",") if part.strip()] or [POSTGRESQL]
    buckets = [_bucket(store) for store in stores if store != POSTGRESQL]
    if len(buckets) > 1 or stores.count(POSTGRESQL) > 1:
        raise BadSetting("SEKIMORI_RAW_STORE may name postgresql and one s3:// bucket, not two of a kind.")
    return stores[0] != POSTGRESQL, buckets[0] if buckets else None


def _bucket(text: str) -> RawBucket:
    try:
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
        endpoint = urlsplit(options.get("endpoint", ""))
        is_address = not endpoint.geturl() or (endpoint.scheme in ("http", "https") and bool(endpoint.hostname))
        _ = endpoint.port  # raises where it is none
    except ValueError:
        raise _refused() from None
    if parts.scheme == "s3" and _has_login(parts):
        raise BadSetting(
            "SEKIMORI_RAW_STORE holds no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (docs/raw-store.md)."
        )
    style = options.get("style", "path" if endpoint.geturl() else "virtual")
    is_known = parts.scheme == "s3" and options.keys() <= _OPTIONS and all(options.values()) and style in _STYLES
    if not is_known or not parts.netloc or not is_address or parts.fragment:
        raise _refused()
    prefix = parts.path.strip("/")
    return RawBucket(
        name=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint_url=endpoint.geturl(),
        region=options.get("region", ""),
        is_path_style=style == "path",
    )


def _has_login(parts: SplitResult) -> bool:
    return "@" in parts.netloc


def _refused() -> BadSetting:
    return BadSetting(
        "SEKIMORI_RAW_STORE must be postgresql, or like "
        "s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-central-1, or both, separated by a comma."
    )
