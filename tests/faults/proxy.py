"""Owns the wire between a worker and Dovecot: passes bytes on, counts them, and cuts where it is told."""

from __future__ import annotations

import asyncio
import socket
import struct
from multiprocessing.sharedctypes import Synchronized

CHUNK = 16_384


def serve(listener: socket.socket, target: int, cuts: list[int], passed: Synchronized[int], resets: bool) -> None:
    """Pass every connection on to `target` until the process is ended.

    `cuts` are counts of bytes from the server, over all connections together; at each of them the connection that
    carries the byte is ended there, by RST where `resets` says so. `passed` is the count so far.
    """
    asyncio.run(_Wire(target, cuts, passed, resets=resets).run(listener))


class _Wire:
    def __init__(self, target: int, cuts: list[int], passed: Synchronized[int], *, resets: bool) -> None:
        self._target, self._passed, self._resets = target, passed, resets
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
        upstream = asyncio.create_task(_pass(reader, to_server))
        try:
            while data := await from_server.read(CHUNK):
                room = self._cuts[0] - self._passed.value if self._cuts else len(data)
                writer.write(data[: max(0, room)])
                await writer.drain()
                self._passed.value += min(len(data), max(0, room))
                if room < len(data):
                    self._cuts.pop(0)
                    self._cut(writer)
                    break
        except OSError:
            pass  # either side may go at any time: that is what this is for
        finally:
            upstream.cancel()
            to_server.close()
            writer.close()

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        if self._resets:
            wire = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()
