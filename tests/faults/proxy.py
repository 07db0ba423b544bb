"""Owns the wire between a worker and Dovecot: passes bytes on, counts them, and cuts where it is told."""

from __future__ import annotations

import asyncio
import socket
import struct
from multiprocessing.sharedctypes import Synchronized

CHUNK = 16_384


def serve(
    listener: socket.socket,
    target: int,
    cuts: list[int],
    passed: tuple[Synchronized[int], Synchronized[int]],
    side: int,
    resets: bool,
) -> None:
    """Pass every connection on to `target` until the process is ended.

    `cuts` are counts of bytes, over all connections together, from the server (`side` 0) or from the worker (1); at each
    of them the connection that carries the byte is ended there, by RST where `resets` says so. `passed` are the counts.
    """
    asyncio.run(_Wire(target, cuts, passed, side=side, resets=resets).run(listener))


class _Wire:
    def __init__(
        self,
        target: int,
        cuts: list[int],
        passed: tuple[Synchronized[int], Synchronized[int]],
        *,
        side: int,
        resets: bool,
    ) -> None:
        self._target, self._passed, self._side, self._resets = target, passed, side, resets
        self._cuts = sorted(cuts)

    async def run(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._connected, sock=listener)
        await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ways = [self._pass(from_server, writer, side=0), self._pass(reader, to_server, side=1)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            if self._resets and any(task.done() and not task.cancelled() and task.result() for task in tasks):
                _reset(writer)
            to_server.close()
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, side: int) -> bool:
        """Pass on until the end or a cut; True for a cut."""
        passed = self._passed[side]
        try:
            while data := await reader.read(CHUNK):
                room = self._cuts[0] - passed.value if self._cuts and side == self._side else len(data)
                writer.write(data[: max(0, room)])
                await writer.drain()
                passed.value += min(len(data), max(0, room))
                if room < len(data):
                    self._cuts.pop(0)
                    return True
        except OSError:
            return False  # either side may go at any time: that is what this is for
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    wire = writer.get_extra_info("socket")
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
