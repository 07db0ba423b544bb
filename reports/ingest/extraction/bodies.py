"""Finds reports that stand in running text or a page: XML, base64 or uuencoded blocks, as mail programs leave them."""

from __future__ import annotations

import binascii
import html
import json
import quopri
import re
from collections.abc import Iterator
from typing import NamedTuple

from reports.ingest.extraction.base64text import decode_base64

_XML = re.compile(rb"(?si)(?:<\?xml[^>]{0,200}\?>\s*)?<((?:[\w.-]+:)?feedback)[\s>].*?(?:</\1\s*>|\Z)")
_BASE64 = re.compile(
    rb"(?:\A|(?<=[\r\n \t>,\x22]))(?:H4sI|UEsDB|PD94|PCEt|PG|77u/P|QlpoO|/Td6WFo|ey[AJ]|ew[o0])[A-Za-z0-9+/]{16}"
)
_BREAKS = re.compile(rb"(?i)</?(?:br|div|p|span)\b[^<>]*>|&#(?:13|xd);")
"""Between the lines of base64 in a page, and in XML that names the carriage returns."""
_BASE64_END = re.compile(rb"(?i)\n[ \t\r]*\n|[\"']|<(?!/?(?:br|div|p|span)\b)")
"""A blank line, or the end of the attribute or the element that holds it."""
_RUN = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} ([^\r\n]{0,255})\r?\n")
_UU_END = re.compile(rb"(?m)^(?:end|`)\r?$")
_ARMOR = re.compile(rb"-----BEGIN (CMS|PKCS7)-----\r?\n([A-Za-z0-9+/=\s]*)")
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]{80,}")
_ESCAPED = re.compile(
    rb"(?i)&(?:amp;){0,3}(?:lt|#0*60|#x0*3c);(?:[\w.-]+:)?(?:feedback|report_metadata|policy_published)\b"
)
_MARKUP = re.compile(rb"<[^<>]*>")
ESCAPED_TIMES = 3
_QUOTED_HEAD = re.compile(rb"(?i)<(?:\?xml|feedback)\s[^>]{0,200}?=3D[\"']")
FEW_SOFT_BREAKS = 3
_SOFT_BREAK = re.compile(rb"=\r?\n")


# One of these stands in every block; most letters have none.
_ANY_SIGN = re.compile(rb'<|begin |[A-Za-z0-9+/]{20}|"[Oo]rganization')


_ESCAPED_JSON = re.compile(rb"(?i)&(?:quot|#0*34|#x0*22);organization-?name&")
_REPORT_KEY = re.compile(rb'(?i)"organization-?name"\s*:')
JSON_LENGTH = 8 << 20
JSON_STRING = 80
"""No report is shorter."""
_BETWEEN_JSON = re.compile(r"[ \t\r\n,]*")
MOST_JSON = 5000  # more than a message may have parts, which whoever asked counts


class Block(NamedTuple):
    name: str
    data: bytes


def unescaped(text: bytes) -> bytes | None:
    """Text whose XML is written with entities, as a page shows it, with the XML in it plain; None where it is not."""
    if not (_ESCAPED.search(text) or _ESCAPED_JSON.search(text)):
        return None
    for _ in range(ESCAPED_TIMES):
        text = html.unescape(_MARKUP.sub(b"", text).decode("utf-8", "replace")).encode("utf-8", "replace")
        if not _ESCAPED.search(text):
            break
    return text


def unquoted(xml: bytes) -> bytes | None:
    """XML that is still in quoted-printable, decoded; None where it is not."""
    breaks = len(_SOFT_BREAK.findall(xml))  # a tenth of what counting two bytes takes
    is_quoted = breaks >= FEW_SOFT_BREAKS or (b"=3D" in xml[:1000] and _QUOTED_HEAD.search(xml, 0, 1000))
    return quopri.decodestring(xml) if is_quoted else None


def whole_base64(text: bytes) -> bytes | None:
    """What text stands for that is nothing but base64; None where it is not."""
    return decode_base64(text)[0] if _ONLY_BASE64.fullmatch(text) else None


def armored(text: bytes) -> bytes | None:
    """What text holds in the armor of S/MIME (RFC 7468 sections 8 and 9); None where there is none."""
    found = _ARMOR.search(text)
    return decode_base64(found[2])[0] if found else None


def split_json(data: bytes) -> list[bytes]:
    """The reports of a JSON text, where several stand in a list or one after the other; else the text as it is."""
    several = len(_REPORT_KEY.findall(data)) > 1 if len(data) <= JSON_LENGTH else False
    try:
        text = data.decode("utf-8-sig").strip() if several or data.lstrip()[:1] == b"[" else ""
        found = list(_documents(text))
    except (ValueError, RecursionError):
        return [data]
    return (
        [json.dumps(each).encode() for each in found if isinstance(each, dict)]
        if len(found) > 1 or text[:1] == "["
        else [data]
    )


def json_strings(data: bytes) -> Iterator[bytes]:
    """The long texts in a JSON value, as programs that hand mails on wrap these; none where it is no JSON."""
    try:
        waiting = [json.loads(data)] if len(data) <= JSON_LENGTH else []
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, str) and len(value) >= JSON_STRING:
            text = value.encode("utf-8", "replace")
            if has_sign(text):
                yield text


def _documents(text: str) -> Iterator[object]:
    """Values one after the other, those of lists one by one, each once; what follows and is no value ends them."""
    decoder, position, number, seen = json.JSONDecoder(strict=False), 0, 0, set[str]()
    while text.startswith(("{", "["), position) and number < MOST_JSON:
        number += 1
        if seen:
            try:
                value, end = decoder.raw_decode(text, position)
            except ValueError:
                return
        else:
            value, end = decoder.raw_decode(text, position)
        for each in value if isinstance(value, list) else [value]:
            told = json.dumps(each, sort_keys=True)
            if told not in seen:
                seen.add(told)
                yield each
        between = _BETWEEN_JSON.match(text, end)
        position = between.end() if between else end


def has_sign(text: bytes) -> bool:
    """Whether text may hold blocks; a no is certain."""
    return bool(_ANY_SIGN.search(text))


def find_blocks(text: bytes) -> Iterator[Block]:
    """Blocks that may hold reports, in the order of their kinds; they are looked at again by whoever asked."""
    if not has_sign(text):
        return
    key = _REPORT_KEY.search(text)
    brace = text.find(b"{", 0, key.start()) if key else -1
    if brace >= 0:
        yield Block("", text[brace:])
    yield from _uu_blocks(text)
    for found in _XML.finditer(text):
        yield Block("", found[0])
    position = 0
    while (start := _BASE64.search(text, position)) is not None:
        end = _BASE64_END.search(text, start.end())
        position = end.start() if end else len(text)
        content = decode_base64(_BREAKS.sub(b"", text[start.start() : position]))[0]
        yield Block("", content or decode_base64(_first_run(text, start.start()))[0])


def _first_run(text: bytes, start: int) -> bytes:
    """The base64 that other words follow on its line."""
    found = _RUN.match(text, start)
    return found[0] if found else b""


def _uu_blocks(text: bytes) -> Iterator[Block]:
    position = 0
    while (begin := _UU_BEGIN.search(text, position)) is not None:
        end = _UU_END.search(text, begin.end())
        position = end.end() if end else len(text)
        lines = text[begin.end() : end.start() if end else position]
        yield Block(begin[1].decode("utf-8", "replace").strip(), _uudecode(lines))


def _uudecode(lines: bytes) -> bytes:
    return b"".join(_uudecode_line(line) for line in lines.splitlines() if line.strip())


def _uudecode_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # trailing spaces cut off, or characters added: take what the length byte asks for
        length = ((line[0] - 32) & 63) * 4 + 5
        try:
            return binascii.a2b_uu(line[: length // 3].ljust(length // 3))
        except binascii.Error:
            return b""
