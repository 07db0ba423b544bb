"""Single values as reporters write them: addresses, counts, times, domains, words. Knows nothing of where they stand.

Every function returns the value and whether it had to be rewritten; None means that no value can be made of the text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, inet_pton

import idna

from reports.dto import Address

COUNT_MAX = 2**53
TIME_MAX = 4_102_444_800  # 2100; a larger number counts milliseconds. The RFC's own sample is of 1979.
SECONDS_DIGITS = 10
SMALL_UNITS_SINCE = 10**9  # 2001; a smaller one is no time in micro- or nanoseconds
DAY_SECONDS = 86_400
DOMAIN_LENGTH = 253
TEXT_LENGTH = 1000  # nothing that is longer is a single value, and no pattern has to run over it

_ADDRESS_TEXT = re.compile(
    r"""(?ix) (?: [a-z] [\w.-]* \s* (?=[\[(]) )?  # the host's name before its address
    ["'<\[(]? (?:IPv6:)? (?: (\d{1,3}(?:\.\d{1,3}){3}) (?: : \d{1,5} )? | ([0-9a-f.:]+) (?: % [\w.-]+ )? ) ["'>\])]?
    (?: / \d{1,3} | (?<=\]) : \d{1,5} )? \.? (?: \s* [\[(] .* )?""",
)
_COUNT_TEXT = re.compile(r"^\+?(\d{1,3}(?:[,' ]\d{3})+|\d+)(?:\.0*)?$")
_NUMBER_TEXT = re.compile(r"^(\d{1,19})(?:\.\d*)?$")
_EXPONENT_TEXT = re.compile(r"\d(?:\.\d{1,18})?[eE]\+?\d{1,2}")
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?!\d)")
_END_OF_DAY = re.compile(r"(?<=[T ])24(?=:00(?::00)?(?:[Z+-]|\Z))")
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60")
_ZONE_NAME = re.compile(r"(?<=\d )(?:(JST|KST)|(CET|WEST)|(CEST|EET)|(EEST|MSK))\Z")
_ZONE_OFFSETS = ("+0900", "+0100", "+0200", "+0300")
"""Of the names that mean one zone only; those of RFC 5322 are known to Python, which takes any other for UTC."""
_DOMAIN_TEXT = re.compile(r"^(?!-)[a-z0-9_*-]+(?:\.[a-z0-9_-]+)*$")


def read_address(text: str) -> tuple[Address | None, bool]:
    """An IP address; brackets, quotes, an "IPv6:" prefix, a zone, a port, a mask or a host name beside it are taken off.

    A v4-mapped v6 address becomes the v4 address.
    """
    return _read_address(text.strip()) if len(text) <= TEXT_LENGTH else (None, False)


@lru_cache(maxsize=4096)
def _read_address(text: str) -> tuple[Address | None, bool]:
    try:
        return IPv4Address(inet_pton(AF_INET, text)), False  # a third of what ip_address(text) takes
    except OSError:
        pass
    try:
        plain = ip_address(text)
    except ValueError:
        found = _ADDRESS_TEXT.fullmatch(text)
        if not found:
            return None, False
        try:
            plain = ip_address(found[1] or found[2])
        except ValueError:
            return None, False
        return _unmapped(plain), True
    address = _unmapped(plain)
    return address, address is not plain


def _unmapped(address: Address) -> Address:
    if not isinstance(address, IPv6Address):
        return address
    if address.scope_id:
        return IPv6Address(int(address))
    return address.ipv4_mapped or address


def read_count(text: str) -> tuple[int | None, bool]:
    """A number of messages, 0 to 2**53; "1.0" and "1,234" are understood, "1.5" and "-3" are not."""
    text = text.strip()
    if len(text) > TEXT_LENGTH:
        return None, False
    if text.isdecimal() and text.isascii():
        count, rewritten = int(text), False
    else:
        found = _COUNT_TEXT.match(text)
        if not found:
            return None, False
        count, rewritten = int(re.sub(r"\D", "", found[1])), True
    return (count, rewritten) if count <= COUNT_MAX else (None, False)


def read_time(text: str) -> tuple[int | None, bool]:
    """Epoch seconds, from seconds, fractions, milli-, micro- or nanoseconds, ISO 8601 (UTC where it names no zone) or a mail's date."""
    if text.isdecimal() and text.isascii() and len(text) <= SECONDS_DIGITS and 0 < (seconds := int(text)) <= TIME_MAX:
        return seconds, text[0] == "0"
    text = text[:TEXT_LENGTH].strip()
    number = _NUMBER_TEXT.match(text)
    if number:
        seconds = _in_seconds(int(number[1]))
        rewritten = str(seconds) != text
    else:
        seconds = int(float(text)) if _EXPONENT_TEXT.fullmatch(text) else _date(text)
        rewritten = True
    return (seconds, rewritten) if 0 < seconds <= TIME_MAX else (None, False)


def _in_seconds(value: int) -> int:
    if value <= TIME_MAX:
        return value
    if value // 10**3 <= TIME_MAX:
        return value // 10**3
    seconds = value // 10**6 if value // 10**6 <= TIME_MAX else value // 10**9
    return seconds if seconds >= SMALL_UNITS_SINCE else 0


def _date(text: str) -> int:
    iso, days = _END_OF_DAY.subn("00", _SLASHES.sub(r"\1-\2-\3", text.upper().removesuffix(" UTC")))
    iso, leaps = _LEAP_SECOND.subn(":59", iso)
    try:
        moment = datetime.fromisoformat(iso)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) + days * DAY_SECONDS + leaps
    except (ValueError, OverflowError):
        return read_mail_date(text) or 0


def read_mail_date(text: str) -> int | None:
    """Epoch seconds of a date as mails have it (RFC 5322 section 3.3)."""
    text = _ZONE_NAME.sub(lambda found: _ZONE_OFFSETS[(found.lastindex or 1) - 1], text.strip())
    try:
        seconds = int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if 0 < seconds <= TIME_MAX else None


def read_domain(text: str) -> tuple[str, bool]:
    """A lower-case A-label domain without dots around it; of an address, the domain. "" where none can be made."""
    return _read_domain(text) if len(text) <= TEXT_LENGTH else ("", False)


@lru_cache(maxsize=16_384)
def _read_domain(text: str) -> tuple[str, bool]:
    name = text.strip().strip("<>\"'").rpartition("@")[2].strip().strip(".").lower()
    if not name.isascii() and len(name) <= DOMAIN_LENGTH:
        try:
            name = idna.encode(name, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return "", False
    if len(name) > DOMAIN_LENGTH or not _DOMAIN_TEXT.match(name):
        return "", False
    return name, name != text


def read_word(text: str) -> tuple[str, bool]:
    """A word of an enumeration: trimmed, lower-case."""
    word = text.strip().lower()
    return word, word != text
