"""From the bytes of a mail or file to the reports in it: sniffs, unfolds, and explains every part that it cannot use.

Knows what is a report and where; reads none. Bounded by `Limits`, raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import islice

from reports.dto import NO_MAIL, Extraction, MailFacts, Payload, Problem, Repair
from reports.errors import ReportError
from reports.folded import Folded
from reports.ingest.extraction import archives, bodies, feedback, opaque, streams
from reports.ingest.extraction.compound import saved_members
from reports.ingest.extraction.deflated import deflated_form
from reports.ingest.extraction.documents import split_documents
from reports.ingest.extraction.folded import folded_entry, folded_gzip
from reports.ingest.extraction.leaves import Leaf, from_first_field
from reports.ingest.extraction.limits import Budget, Limits
from reports.ingest.extraction.mbox import is_mbox, split_mbox
from reports.ingest.extraction.mime import take_whole
from reports.ingest.extraction.place import Place, problem
from reports.ingest.extraction.plain_mail import split_plain
from reports.ingest.extraction.plain_zip import single_entry
from reports.ingest.extraction.sniffing import CONTAINERS, HEAD, MARKED, TEXTUAL, Form, may_be_report, sniff, wide_mark
from reports.ingest.extraction.tnef import tnef_members
from reports.ingest.extraction.usual import usual_report
from reports.vocabulary import Kind, Reason, RepairCode

DEFAULT_LIMITS = Limits()


def extract(data: bytes, *, filename: str = "", limits: Limits = DEFAULT_LIMITS) -> Extraction:
    """Find every report in a mail, an archive or a bare file, whatever its name and declared types say.

    Problems are what was lost; where no report was found at all, they say what was there instead.
    """
    found = usual_report(data, limits=limits) if limits is DEFAULT_LIMITS else None
    return found or _Walk(limits, size=len(data)).extraction(data, filename=filename)


class _Walk:
    def __init__(self, limits: Limits, *, size: int) -> None:
        self._budget = Budget(limits, size=size)
        self._size = size
        self._mail: MailFacts | None = None
        self._payloads: list[Payload] = []
        self._lost: dict[Problem, None] = {}
        self._aside: dict[Problem, None] = {}

    def extraction(self, data: bytes, *, filename: str) -> Extraction:
        limit = self._budget.limits.bytes_in
        if self._size > limit:
            self._lost[Problem(Reason.TOO_LARGE, (("limit", str(limit)),))] = None
        else:
            self._look(data, Place(filename))
        problems = list(self._lost)
        if not self._payloads:
            problems += self._aside or ([] if problems else [Problem(Reason.NO_REPORT_FOUND)])
        bounded = tuple(problems[: self._budget.limits.problems])
        return Extraction(tuple(self._payloads), bounded, self._mail or NO_MAIL)

    def _look(self, data: bytes, place: Place, *, form: Form | None = None) -> None:
        try:
            self._budget.take_part()
            form = form or sniff(data)
            if form in TEXTUAL and (wide := wide_mark(data)):
                data = data.decode(wide, "replace").encode("utf-8", "replace")
            if form in CONTAINERS:
                self._budget.check_depth(len(place.trail) + 1)
            _HANDLERS[form](self, data, place)
        except ReportError as error:
            self._lose(error.code, place, *error.params)

    def _lose(self, code: str, place: Place, *params: tuple[str, str]) -> None:
        self._lost[problem(code, place, *params)] = None

    def _found(self, kind: Kind, data: bytes, place: Place) -> None:
        index = len(self._payloads)
        self._payloads.append(Payload(kind, index, data, place.filename, place.trail, place.mail, place.repairs))

    def _aggregate(self, data: bytes, place: Place) -> None:
        if (plain := bodies.unquoted(data)) is not None:
            data, place = plain, place.mended(RepairCode.TRANSFER_ENCODED)
        self._budget.check_entries(data.count(b"</feedback>"))
        for number, document in enumerate(split_documents(data)):
            if number:
                self._budget.take_part()
            self._found(Kind.AGGREGATE, document, place)

    def _tls(self, data: bytes, place: Place) -> None:
        if (plain := bodies.unquoted(data)) is not None:
            data, place = plain, place.mended(RepairCode.TRANSFER_ENCODED)
        for number, document in enumerate(bodies.split_json(data)):
            if number:
                self._budget.take_part()
            self._found(Kind.TLS, document, place)

    def _feedback(self, data: bytes, place: Place) -> None:
        kind = feedback.complaint_type(data)
        if kind:
            self._aside[problem(Reason.ABUSE_COMPLAINT, place, ("type", kind))] = None
        else:
            self._found(Kind.FAILURE, data, place)

    def _stream(self, data: bytes, place: Place) -> None:
        form = sniff(data)
        if form is Form.GZIP and (folded := folded_gzip(data, budget=self._budget)):
            self._folded(folded, place.inside(form))
            return
        unpacked = streams.unpack(data, form, budget=self._budget)
        self._look(unpacked.data, place.inside(form, repairs=unpacked.repairs))

    def _folded(self, folded: Folded, place: Place) -> None:
        self._budget.take_part()
        self._budget.take_bytes(folded.size)
        found = Payload(
            Kind.AGGREGATE, len(self._payloads), b"", place.filename, place.trail, place.mail, place.repairs
        )
        self._payloads.append(found._replace(folded=folded))

    def _zip(self, data: bytes, place: Place) -> None:
        entry = single_entry(data)
        if entry and (folded := folded_entry(data, entry, budget=self._budget)):
            self._budget.take_member()
            self._folded(folded, place.inside(Form.ZIP, filename=entry.name))
            return
        for member in archives.zip_members(data, budget=self._budget):
            self._member(member, place.inside(Form.ZIP, filename=member.name, repairs=member.repairs))

    def _tar(self, data: bytes, place: Place) -> None:
        for member in archives.tar_members(data, budget=self._budget):
            self._member(member, place.inside(Form.TAR, filename=member.name, repairs=member.repairs))

    def _outlook(self, data: bytes, place: Place) -> None:
        form = sniff(data)
        members = {Form.TNEF: tnef_members, Form.COMPOUND: saved_members}[form]
        for member in members(data, budget=self._budget):
            self._member(member, place.inside(form, filename=member.name))

    def _member(self, member: archives.Member, place: Place) -> None:
        if member.problem:
            self._lose(member.problem, place)
        else:
            self._look(member.data, place)

    def _message(self, data: bytes, place: Place) -> None:
        self._budget.check_entries(data.count(b"\n--"))
        if is_mbox(data[:HEAD]) and self._several(data, place):
            return
        data = from_first_field(data)
        mail = split_plain(data) or take_whole(data)
        place = Place(place.filename, (*place.trail, Form.MAIL), mail.facts, place.repairs)
        self._mail = self._mail or mail.facts
        fields = feedback.feedback_part(mail.leaves)
        if fields is not None:
            if feedback.complaint_type(fields):
                self._feedback(fields, place)
            else:
                self._found(Kind.FAILURE, data, place)
        elif feedback.is_bounce(mail):
            self._aside[problem(Reason.BOUNCE, place)] = None
        elif feedback.is_plain_failure_report(mail.leaves):
            self._found(Kind.FAILURE, data, place)
        else:
            for part in mail.leaves:
                is_all_of_it = part.form is Form.MAIL and len(part.data) >= len(data)
                self._leaf(part._replace(form=Form.TEXT) if is_all_of_it else part, place)

    def _several(self, data: bytes, place: Place) -> bool:
        """Look at the messages of an mbox, where it has more than one; whether it has."""
        self._budget.check_entries(data.count(b"\nFrom "))
        messages = list(split_mbox(BytesIO(data)))
        for each in messages if len(messages) > 1 else ():
            self._look(each, place.inside(Form.MBOX), form=Form.MAIL)
        return len(messages) > 1

    def _leaf(self, part: Leaf, place: Place) -> None:
        form = part.form
        if form is Form.EMPTY and not part.filename:
            return  # a body left blank, no attachment that lost its content
        if form is Form.TEXT and part.declared_type == "message/rfc822":
            form = Form.MAIL
        repairs = place.repairs + tuple([Repair(code, Form.MAIL) for code in part.repairs])
        inside = Place(part.filename, place.trail, place.mail, repairs)
        self._look(part.data, inside, form=form)

    def _text(self, data: bytes, place: Place) -> None:
        if self._deflated(data, place) or self._blocks(data, place) or self._archive_within(data, place):
            return
        content = bodies.armored(data) or bodies.whole_base64(data)
        if content and sniff(content) not in (Form.EMPTY, Form.TEXT, Form.BINARY):
            self._look(content, place.inside(Form.TEXT, repairs=(RepairCode.TRANSFER_ENCODED,)))
        elif b"-----BEGIN PGP MESSAGE-----" in data:
            self._lose(Reason.ENCRYPTED, place)

    def _blocks(self, data: bytes, place: Place, *, is_page: bool = False) -> bool:
        """Look at the reports in running text or, with more suspicion, in a page or JSON; whether there was any."""
        code, plain = RepairCode.IN_BODY_TEXT, bodies.unescaped(data)
        if plain is not None:
            self._budget.take_bytes(len(plain))
            code, data = RepairCode.ESCAPED_XML, plain
        found = False
        for block in islice(bodies.find_blocks(data), self._budget.limits.parts + 1):
            if may_be_report(block.data) or not (is_page or block.data.startswith(MARKED)):
                found = True
                self._look(block.data, place.inside(Form.TEXT, filename=block.name, repairs=(code,)))
        return found

    def _json(self, data: bytes, place: Place) -> None:
        """JSON that wraps a mail or a report, or a text that begins with a word in brackets."""
        self._aside[problem(Reason.OTHER_JSON, place)] = None
        strings = list(islice(bodies.json_strings(data), self._budget.limits.parts + 1))
        for each in strings:
            self._look(each, place.inside(Form.TEXT, repairs=(RepairCode.IN_BODY_TEXT,)))
        if not strings:
            self._blocks(data, place, is_page=True)

    def _archive_within(self, data: bytes, place: Place) -> bool:
        """Look at an archive that other bytes stand before, as in a program that unpacks itself; whether there is one."""
        start = archives.start_within(data)
        if start:
            self._look(data[start:], place.inside(Form.BINARY, repairs=(RepairCode.TEXT_BEFORE_ARCHIVE,)))
        return bool(start)

    def _signed(self, data: bytes, place: Place) -> None:
        if content := opaque.signed_content(data):
            self._look(content, place.inside(Form.SIGNED), form=Form.MAIL)
        elif not opaque.is_detached(data):
            self._lose(Reason.ENCRYPTED, place)

    def _binary(self, data: bytes, place: Place) -> None:
        if not self._deflated(data, place):
            self._archive_within(data, place)

    def _deflated(self, data: bytes, place: Place) -> bool:
        """Look at a report in bare deflate data, which no magic number tells; whether there is one."""
        form = None if data.isascii() else deflated_form(data)
        if form is None:
            return False
        self._budget.check_depth(len(place.trail) + 1)
        unpacked = streams.unpack(data, form, budget=self._budget)
        self._look(unpacked.data, place.inside(form, repairs=unpacked.repairs))
        return True


_Handler = Callable[[_Walk, bytes, Place], None]


def _as_aside(reason: Reason) -> _Handler:
    """Content that is no loss beside a report, and the explanation where there is no report."""

    def handle(walk: _Walk, data: bytes, place: Place) -> None:
        walk._aside[problem(reason, place)] = None

    return handle


def _as_loss(reason: Reason) -> _Handler:
    return lambda walk, data, place: walk._lose(reason, place)


def _as_page(reason: Reason) -> _Handler:
    """Content that is something else than a report, but may hold one."""

    def handle(walk: _Walk, data: bytes, place: Place) -> None:
        if not (walk._blocks(data, place, is_page=True) or walk._archive_within(data, place)):
            walk._aside[problem(reason, place)] = None

    return handle


_HANDLERS: dict[Form, _Handler] = {
    Form.EMPTY: _as_aside(Reason.EMPTY),
    Form.GZIP: _Walk._stream,
    Form.BZIP2: _Walk._stream,
    Form.XZ: _Walk._stream,
    Form.ZIP: _Walk._zip,
    Form.TAR: _Walk._tar,
    Form.TNEF: _Walk._outlook,
    Form.COMPOUND: _Walk._outlook,
    Form.OTHER_ARCHIVE: _as_loss(Reason.UNSUPPORTED_ARCHIVE),
    Form.MAIL: _Walk._message,
    Form.FEEDBACK: _Walk._feedback,
    Form.AGGREGATE: _Walk._aggregate,
    Form.TLS: _Walk._tls,
    Form.OTHER_XML: _as_page(Reason.OTHER_XML),
    Form.OTHER_JSON: _Walk._json,
    Form.HTML: _as_page(Reason.HTML_PAGE),
    Form.IMAGE: _as_aside(Reason.IMAGE),
    Form.ENCRYPTED: _as_loss(Reason.ENCRYPTED),
    Form.SIGNED: _Walk._signed,
    Form.PLACEHOLDER: _as_aside(Reason.PLACEHOLDER),
    Form.TEXT: _Walk._text,
    Form.BINARY: _Walk._binary,
}
