"""Owns a name server that says whatever a test writes down, however wrong: answers that a good server would never give."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

import dns.flags
import dns.message
import dns.rrset


class ScriptedNameServer:
    """DNS on 127.0.0.1:``port`` over UDP. Each question has its answer records, or the bytes that are sent as they are."""

    def __init__(self, answers: Mapping[str, Sequence[str] | bytes]) -> None:
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedNameServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while (received := self._socket.recvfrom(4096))[0]:
            self._socket.sendto(self._answer(received[0]), received[1])

    def _answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        answer = self._answers.get(query.question[0].name.to_text(), ())
        if isinstance(answer, bytes):
            return wire[:2] + answer
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        for line in answer:
            name, ttl, kind, data = line.split(maxsplit=3)
            response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
        return response.to_wire()
