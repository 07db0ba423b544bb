"""Owns the damage: ways to spoil bytes, XML, JSON, containers and mails; each takes what a seeded generator chooses."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from random import Random

from tests.mutations.seeds import CONTENTS, PACKS, mail_of

Way = Callable[[bytes, Random], bytes]
TOKENS = (
    b"<", b">", b"&", b"&#xD800;", b"&#0;", b"&a;", b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"]]>", b"<!--", b"-->",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<![CDATA[", b"<record>", b"</record>", b"</feedback>", b"<feedback>", b"\n\n", b"\r",
    b"--sep", b"--sep--\n", b"--in--", b"=?utf-8?b?", b"=?utf-8?q?=00?=", b"999999999999999999999", b"-1", b"1e9", b"NaN",
    b"Content-Type: message/rfc822\n\n", b"Content-Type: multipart/mixed\n\n", b"Content-Transfer-Encoding: x\n",
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"ustar", b"%n", b"\xed\xa0\x80",
    b"xmlns:a='b'", b"; boundary=", b"*0*=", b"[fe80::1%1]", b"\x1b$B", b"begin 644 a\n", b"\nend\n", b"From a@b\n", b"..", b"{",
    b"}", b"[", b"]", b'"', b"null", b"\\ud800", b"\xe2\x80\xae", b":", b"=", b"==", b"_", b"x" * 1200, b"\xc2\xa0", b"%00",
)  # fmt: skip
NUMBERS = (
    b"-1",
    b"0",
    b"00",
    b"1.5",
    b"1e400",
    b"9" * 30,
    b"9" * 5000,
    b"0x10",
    b"\xd9\xa1",
    b" 7 ",
    b"",
    b"+3",
    b"1,000",
    b"NaN",
)
LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
CHARSETS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-7",
    "cp1252",
    "latin-1",
    "cp037",
    "shift_jis",
    "utf-8-sig",
)
DECLARED = (
    b"utf-16",
    b"utf-7",
    b"cp037",
    b"idna",
    b"rot13",
    b"hex",
    b"zlib",
    b"undefined",
    b"iso-2022-jp",
    b"x" * 300,
    b"",
)
LARGEST = 400_000


def mutated(seed: int, number: int) -> tuple[str, bytes]:
    """The mutation of that number: what was done to what, and the bytes. The same for ever."""
    rng = Random(f"{seed}/{number}")
    name, pack = rng.choice(list(CONTENTS)), rng.choice(list(PACKS))
    told = [name, pack]
    content = _spoilt(CONTENTS[name], rng, _WAYS_OF_CONTENT[_language(name)], told, chance=0.7)
    packed = _spoilt(PACKS[pack](content), rng, _WAYS_OF_CONTAINERS, told, chance=0.3)
    if rng.random() < 0.2:
        return " / ".join(told), packed
    mail = mail_of(content, packed, name=name, rng=rng)
    return " / ".join(told), _spoilt(mail, rng, _WAYS_OF_MAILS, told, chance=0.5)


def _language(name: str) -> str:
    return {"TLS": "json", "failure fields": "mail", "failure sample": "mail"}.get(name, "xml")


def _spoilt(data: bytes, rng: Random, ways: tuple[Way, ...], told: list[str], *, chance: float) -> bytes:
    if rng.random() >= chance:
        return data
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        way = rng.choice(ways)
        told.append(way.__name__.strip("_"))
        data = way(data, rng)[:LARGEST]
    return data


# --- Bytes ------------------------------------------------------------------------------------------------------------


def _span(data: bytes, rng: Random, longest: int) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.randint(0, longest))


def flip(data: bytes, rng: Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(data: bytes, rng: Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def behead(data: bytes, rng: Random) -> bytes:
    return data[rng.randint(0, min(len(data), 300)) :]


def drop(data: bytes, rng: Random) -> bytes:
    start, end = _span(data, rng, 200)
    return data[:start] + data[end:]


def double(data: bytes, rng: Random) -> bytes:
    start, end = _span(data, rng, 400)
    return data[:end] + data[start:end] * rng.choice((1, 2, 50)) + data[end:]


def insert(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


def splice(data: bytes, rng: Random) -> bytes:
    other = CONTENTS[rng.choice(list(CONTENTS))]
    if rng.random() < 0.5:
        other = PACKS[rng.choice(list(PACKS))](other)
    start, end = _span(other, rng, 2000)
    at = rng.randint(0, len(data))
    return data[:at] + other[start:end] + data[rng.randint(0, len(data)) :]


# --- Containers -------------------------------------------------------------------------------------------------------


def length(data: bytes, rng: Random) -> bytes:
    """A length, offset, size or checksum in a header says something else."""
    marks = [found.start() for found in re.finditer(rb"PK..|\x1f\x8b|ustar|BZh|\xfd7zXZ", data, re.S)]
    at = rng.choice(marks or [0]) + rng.randrange(46)
    form = rng.choice(("<H", "<I"))
    number = struct.pack(form, rng.choice(LENGTHS) & (0xFFFF if form == "<H" else 0xFFFFFFFF))
    return data[:at] + number + data[at + len(number) :]


def tail(data: bytes, rng: Random) -> bytes:
    """The end is missing, doubled, or followed by something."""
    keep = max(0, len(data) - rng.randint(1, 40))
    return rng.choice((data[:keep], data + data[keep:], data + b"\0" * 512, data + b"-- \nfooter", data + data))


# --- XML --------------------------------------------------------------------------------------------------------------


def nest(data: bytes, rng: Random) -> bytes:
    """An element opens thousands of times."""
    at, depth = rng.randint(0, len(data)), rng.choice((10, 300, 3000, 30_000))
    name = rng.choice((b"a", b"record", b"row", b"feedback", b"extension"))
    closed = b"</" + name + b">"
    return data[:at] + (b"<" + name + b">") * depth + (closed * depth if rng.random() < 0.5 else b"") + data[at:]


def entities(data: bytes, rng: Random) -> bytes:
    """A document type with entities that grow, or that lie elsewhere."""
    grown = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(9))
    inner = rng.choice(
        (grown, b'<!ENTITY l8 SYSTEM "file:///etc/passwd">', b'<!ENTITY % p SYSTEM "http://192.0.2.1/">%p;')
    )
    kind = rng.choice((b"<!DOCTYPE feedback [%b]>", b"<!doctype feedback [%b]>", b"<!DOCTYPE\nfeedback\n[%b]\n>"))
    return re.sub(rb"<feedback", lambda found: kind % inner + found[0], data, count=1).replace(b"Receiver", b"&l8;", 1)


def element(data: bytes, rng: Random) -> bytes:
    """An element is left out, emptied, repeated, renamed, or given attributes."""
    starts = list(re.finditer(rb"<(\w+)>", data))
    if not starts:
        return data
    start = rng.choice(starts)
    name = start[1]
    end = data.find(b"</" + name + b">", start.end())
    end = len(data) if end < 0 else end + len(name) + 3
    whole = data[start.start() : end]
    instead = rng.choice((
        b"", b"<" + name + b"/>", b"<" + name + b"></" + name + b">", whole * 2, whole * 40, whole + b" " * 5000,
        b"<" + name + b" a='1' a='2'>x</" + name + b">", b"<X:" + name + b">1</X:" + name + b">", b"<!-- " + whole + b" -->",
    ))  # fmt: skip
    return data[: start.start()] + instead + data[end:]


def number(data: bytes, rng: Random) -> bytes:
    """A number becomes another kind of number."""
    places = list(re.finditer(rb"\d+", data))
    if not places:
        return data
    place = rng.choice(places)
    return data[: place.start()] + rng.choice(NUMBERS) + data[place.end() :]


def rows(data: bytes, rng: Random) -> bytes:
    """A record comes hundreds of times."""
    found = re.search(rb"<record>.*?</record>", data, re.S)
    return data.replace(found[0], found[0] * rng.choice((2, 40, 300)), 1) if found else data


def charset(data: bytes, rng: Random) -> bytes:
    """The bytes are in another character set, whatever they declare."""
    return data.decode("utf-8", "replace").encode(rng.choice(CHARSETS), "replace")


def declaration(data: bytes, rng: Random) -> bytes:
    """Another character set is declared, whatever the bytes are."""
    return re.sub(rb"UTF-8|utf-8", lambda _: rng.choice(DECLARED), data)


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_value(data: bytes, rng: Random) -> bytes:
    """A value becomes one of another type."""
    places = list(re.finditer(rb'(?<=: )("[^"]*"|\d+|\[|\{)', data))
    if not places:
        return data
    place = rng.choice(places)
    value = rng.choice(
        (b"null", b"[]", b"{}", b"true", b"-1", b"1e999", b"9" * 5000, b'"\\ud800\\u0000"', b"[[1]]", b'"x"', b"NaN")
    )
    return data[: place.start()] + value + data[place.end() :]


def json_nest(data: bytes, rng: Random) -> bytes:
    """Lists or objects within each other, deeper than any parser recurses."""
    at, depth = rng.randint(0, len(data)), rng.choice((50, 2000, 60_000))
    return data[:at] + rng.choice((b"[", b'{"a":', b"[{")) * depth + data[at:]


def json_key(data: bytes, rng: Random) -> bytes:
    """A key is another one, or comes again."""
    keys = re.findall(rb'"[a-z-]+"(?=:)', data) or [b'"x"']
    return data.replace(rng.choice(keys), rng.choice((b'"x"', b'""', rng.choice(keys))), rng.choice((1, -1)))


# --- Mails ------------------------------------------------------------------------------------------------------------


def boundary(data: bytes, rng: Random) -> bytes:
    """A boundary is lost, doubled, declared otherwise, or also that of the inner part."""
    marks = list(re.finditer(rb"--(sep|in)(--)?\n", data))
    choice = rng.randrange(5)
    if choice == 0 or not marks:
        return re.sub(
            rb"boundary=\"?\w+\"?",
            lambda _: rng.choice((b"", b"boundary=", b'boundary=""', b"boundary=" + b"x" * 3000)),
            data,
        )
    if choice == 1:
        return data.replace(b'="in"', b'="sep"').replace(b"--in", b"--sep")
    mark = rng.choice(marks)
    instead = {2: b"", 3: mark[0] * 30, 4: mark[0].replace(b"--\n", b"\n").replace(b"\n", b"--\n")}[choice]
    return data[: mark.start()] + instead + data[mark.end() :]


def header(data: bytes, rng: Random) -> bytes:
    """A header field says something else, comes often, or has no end."""
    names = list(re.finditer(rb"^([\w-]+):[^\n]*\n", data, re.M))
    if not names:
        return data
    line = rng.choice(names)
    value = rng.choice((
        b"", b"=?x-no-such?b?AAAA?=", b"=?utf-8?q?" + b"=C3" * 900 + b"?=", b"\xff\xfe\0", b"a" * 90_000, b"(((((" * 900,
        b'"' * 999, b"<" * 999, b"x\n\ty\n\tz", b"Mon, 99 Foo 9999999 99:99:99 +9999", b"text/xml; charset*0*=x''%ff", b";" * 5000,
        b"multipart/mixed; boundary=sep", b"message/rfc822", b"base64", b"quoted-printable", b"x-uuencode", b"[::1", b"@," * 900,
    ))  # fmt: skip
    field = line[1] + b": " + value + b"\n"
    return data[: line.start()] + field * rng.choice((1, 1, 1, 300)) + data[line.end() :]


def wrap(data: bytes, rng: Random) -> bytes:
    """The mail lies in a mail, in a mail, and so on."""
    kind = rng.choice(
        (b"message/rfc822", b"message/global", b"application/octet-stream", b"multipart/signed; boundary=sep")
    )
    return (b"From: a@example.com\nContent-Type: " + kind + b"\n\n") * rng.choice((1, 5, 60, 900)) + data


def line_ends(data: bytes, rng: Random) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"", b"\n ")))


_BYTES: tuple[Way, ...] = (flip, cut, behead, drop, double, insert, insert, splice)
_WAYS_OF_CONTENT: dict[str, tuple[Way, ...]] = {
    "xml": (*_BYTES, nest, entities, element, element, element, number, number, rows, charset, declaration),
    "json": (*_BYTES, json_value, json_value, json_value, json_nest, json_key, json_key, number, charset),
    "mail": (*_BYTES, header, header, header, number, charset, line_ends),
}
_WAYS_OF_CONTAINERS: tuple[Way, ...] = (*_BYTES, length, length, length, tail, tail)
_WAYS_OF_MAILS: tuple[Way, ...] = (*_BYTES, boundary, boundary, header, header, header, wrap, line_ends, charset)
