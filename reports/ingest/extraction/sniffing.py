"""What bytes are, told by the bytes alone and never by a name or a declared type. Looks at the beginning only."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum

HEAD = 1 << 16
PLACEHOLDERS = frozenset({b"unused"})


class Form(StrEnum):
    EMPTY = "empty"
    GZIP = "gzip"
    ZIP = "zip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZLIB = "zlib"
    DEFLATE = "deflate"
    TAR = "tar"
    TNEF = "tnef"
    COMPOUND = "compound"
    OTHER_ARCHIVE = "other_archive"
    MAIL = "mail"
    MBOX = "mbox"
    FEEDBACK = "feedback"
    AGGREGATE = "aggregate"
    TLS = "tls"
    OTHER_XML = "other_xml"
    OTHER_JSON = "other_json"
    HTML = "html"
    IMAGE = "image"
    ENCRYPTED = "encrypted"
    SIGNED = "signed"
    PLACEHOLDER = "placeholder"
    TEXT = "text"
    BINARY = "binary"


PACKED = frozenset({Form.GZIP, Form.ZIP, Form.BZIP2, Form.XZ})
CONTAINERS = PACKED | {Form.TAR, Form.TNEF, Form.COMPOUND, Form.MAIL, Form.SIGNED}
TEXTUAL = frozenset({Form.EMPTY, Form.MAIL, Form.FEEDBACK, Form.TEXT, Form.BINARY})
"""What is looked into as text, where it is anything."""
_MAGIC = (
    (b"\x1f\x8b", Form.GZIP),
    (b"PK\x03\x04", Form.ZIP),
    (b"PK\x05\x06", Form.ZIP),
    (b"PK\x07\x08", Form.ZIP),
    (b"BZh", Form.BZIP2),
    (b"\xfd7zXZ\0", Form.XZ),
    (bytes.fromhex("789f3e22"), Form.TNEF),
    (bytes.fromhex("d0cf11e0a1b11ae1"), Form.COMPOUND),
    (b"7z\xbc\xaf\x27\x1c", Form.OTHER_ARCHIVE),
    (b"Rar!", Form.OTHER_ARCHIVE),
    (b"\x1f\x9d", Form.OTHER_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Form.OTHER_ARCHIVE),
    (b"\x04\x22\x4d\x18", Form.OTHER_ARCHIVE),
    (b"LZIP", Form.OTHER_ARCHIVE),
    (b"MSCF\0", Form.OTHER_ARCHIVE),
    (b"]\0\0", Form.OTHER_ARCHIVE),
    (b"\x89PNG", Form.IMAGE),
    (b"GIF8", Form.IMAGE),
    (b"\xff\xd8\xff", Form.IMAGE),
    (b"%PDF", Form.BINARY),
)
_MAGIC_BY_FIRST = {
    first: tuple(pair for pair in _MAGIC if pair[0][:1] == first) for first in {magic[:1] for magic, _ in _MAGIC}
}
_OLD_TAR = re.compile(rb" *[0-7]{1,6}\0")
_CMS_SIGNED = bytes.fromhex("2a864886f70d010702")
_CMS_ENCRYPTED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_PGP = b"-----BEGIN PGP MESSAGE-----"

# Possessive and atomic: else a comment could end at each "-->" after it, and a hundred of them would never be done with.
_HTML = re.compile(rb"(?i)(?:(?><!--.{0,2000}?-->)\s*+|<\?xml[^>]*+>\s*+)*+<(?:!doctype\s+html|html)\b", re.S)
_SVG = re.compile(rb"(?i)<svg\b")
_ELEMENT = re.compile(rb"<[A-Za-z_]")
_REPORT_ROOT = re.compile(rb"(?i)<(?:[\w.-]+:)?feedback[\s/>]")
REPORT_PART = re.compile(rb"(?i)<(?:[\w.-]+:)?(?:report_metadata|policy[_-]?published)\b")
"""Other files have a ReportMetadata too; nothing else has a published policy, however it is written."""
_TLS_KEY = re.compile(
    rb"""(?i)([\"'])(?:organization[_-]?name|policy[_-]?type|date[_-]?range|total[_-]?successful[_-]?session[_-]?count)\1\s*:"""
)
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:", re.M)
_FEEDBACK_TYPE = re.compile(rb"(?im)^feedback-type[ \t]*:")
_MAIL_FIELD = re.compile(
    rb"(?im)^(?:received|return-path|from|to|subject|date|message-id|mime-version|content-type|delivered-to|dkim-signature"
    rb"|content-transfer-encoding|x-mailer|reply-to)[ \t]*:"
)


def sniff(data: bytes) -> Form:
    for magic, form in _MAGIC_BY_FIRST.get(data[:1], ()):
        if data.startswith(magic):
            return form
    if data[:1] == b"<" and data[1:2] != b"\0":
        return _sniff_markup(data[:HEAD])
    if data[257:262] == b"ustar" or (_OLD_TAR.match(data, 148) and _has_tar_checksum(data)):
        return Form.TAR
    if data.startswith(b"0") and _CMS_SIGNED in data[:64]:
        return Form.SIGNED
    if data.startswith(b"0") and any(oid in data[:64] for oid in _CMS_ENCRYPTED):
        return Form.ENCRYPTED
    return _sniff_text(data)


def _has_tar_checksum(data: bytes) -> bool:
    """Whether the bytes of the first header add up, the sum itself taken as blanks; older archives have no magic number."""
    return sum(data[:148]) + 8 * 32 + sum(data[156:512]) == int(data[148:156].split(b"\0")[0], 8)


def wide_mark(data: bytes) -> str:
    """The encoding that a byte order mark of UTF-16 or UTF-32 stands for; "" where there is none."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def head_text(data: bytes) -> bytes:
    """The beginning as ASCII-compatible bytes: marks, leading space and UTF-16 are taken off."""
    head = data[:HEAD]
    if wide := wide_mark(head):
        head = head.decode(wide, "replace").encode("utf-8")
    elif head.lstrip().startswith((b"<\0", b"\0<", b"{\0", b"\0{")):
        head = head.replace(b"\0", b"")
    while head.startswith((codecs.BOM_UTF8, b" ", b"\t", b"\r", b"\n", b"\f", b"\v", b"\0")):
        head = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n\f\v\0")
    return head


def is_tls_json(text: bytes) -> bool:
    """Whether JSON has keys that only a TLS report has."""
    return bool(_TLS_KEY.search(text, 0, HEAD))


def _first_element(text: bytes) -> int:
    found = _ELEMENT.search(text)
    return found.start() if found else 0


def is_report_markup(data: bytes) -> bool:
    """Whether markup holds parts that only an aggregate report has."""
    return bool(REPORT_PART.search(data, 0, HEAD))


MARKED = (b"<", b"{")
"""How a report begins; letters name its elements too."""


def may_be_report(data: bytes) -> bool:
    """Whether what was found in a page, in JSON or as markup in a letter is worth a look: nothing else has such parts."""
    return is_report_markup(data) or is_tls_json(data) or sniff(data) in PACKED


def _sniff_text(data: bytes) -> Form:
    text = head_text(data)
    if not text:
        return Form.EMPTY if not data.strip(b" \t\r\n\f\v\0") else Form.BINARY
    if text[:16].strip().lower() in PLACEHOLDERS:
        return Form.PLACEHOLDER
    if text.startswith(b"<"):
        return _sniff_markup(text)
    if text[:1] in (b"{", b"["):
        return Form.TLS if _TLS_KEY.search(text) else Form.OTHER_JSON
    if text.startswith(_PGP):
        return Form.ENCRYPTED
    return _sniff_fields(text)


def _sniff_markup(text: bytes) -> Form:
    if _HTML.match(text):
        return Form.HTML
    if REPORT_PART.search(text) or _REPORT_ROOT.match(text, _first_element(text)):
        return Form.AGGREGATE
    return Form.IMAGE if _SVG.search(text, 0, 2000) else Form.OTHER_XML


def _sniff_fields(text: bytes) -> Form:
    if _MAIL_FIELD.match(text):
        return Form.MAIL
    if not _FIELD.match(text) and not text.startswith(b"From "):
        return Form.BINARY if b"\0" in text[:1000] else Form.TEXT
    block = _BLANK_LINE.split(text, maxsplit=1)[0]
    if _FEEDBACK_TYPE.search(block):
        return Form.FEEDBACK
    if _MAIL_FIELD.search(block):
        return Form.MAIL
    return Form.BINARY if b"\0" in text[:1000] else Form.TEXT
