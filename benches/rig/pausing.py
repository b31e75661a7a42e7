"""A viewer that stops reading for a while and then resumes, and what the hub sends it.

Its receive buffer is the smallest the kernel allows, so that the pause reaches the hub at once instead of after
megabytes have been buffered. During the pause it sends pongs, as a browser does while its page is busy.
"""

import json
import socket
import time
from dataclasses import dataclass, field

from rig.processes import RigError
from rig.stuck import join

PONG = b"\x8a\x80\0\0\0\0"
PONG_SECONDS = 3.0
V1 = "Sec-WebSocket-Protocol: tickcast.v1\r\n"


@dataclass
class Outcome:
    """What the pausing viewer received."""

    records: int = 0
    missed: int = 0
    gaps: int = 0
    # Missing records that no `gap` announced.
    holes: int = 0
    # The close code, if the hub closed the connection.
    closed: int | None = None
    # The `seq` of the last publication received or covered by a `gap`.
    last: int = field(default=0, repr=False)

    def take(self, message: dict[str, object]) -> None:
        kind = message["type"]
        if kind == "hello":
            self.last = _whole(message["seq"])
        elif kind == "gap":
            self._expect(_whole(message["from"]))
            self.gaps += 1
            self.missed += _whole(message["to"]) - self.last
            self.last = _whole(message["to"])
        elif kind in ("data", "batch"):
            self._expect(_whole(message["seq"]))
            records = message["data"]
            count = len(records) if kind == "batch" and isinstance(records, list) else 1
            self.last += count
            self.records += count

    def _expect(self, seq: int) -> None:
        self.holes += seq - self.last - 1
        self.last = seq - 1

    def __str__(self) -> str:
        if self.closed is not None:
            return f"closed with {self.closed} after {self.records:,} records"
        received = f"{self.gaps} gap of {self.missed:,}" if self.gaps else "everything"
        return received + (f", {self.holes:,} unannounced" if self.holes else "")


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise RigError(f"not a whole number: {value!r}")
    return value


def pause(url: str, before: float, pause_seconds: float, after: float) -> Outcome:
    """Joins, reads for a while, pauses, and reads again; all in seconds."""
    with join(f"{url}?last=0", V1) as connection:
        reader = _Reader(connection)
        reader.read_for(before)
        until = time.monotonic() + pause_seconds
        while (left := until - time.monotonic()) > 0:
            connection.sendall(PONG)
            time.sleep(min(left, PONG_SECONDS))
        reader.read_for(after)
        return reader.outcome


class _Reader:
    def __init__(self, connection: socket.socket) -> None:
        self.outcome = Outcome()
        self._connection = connection
        self._bytes = bytearray()

    def read_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.outcome.closed is None and (left := until - time.monotonic()) > 0:
            self._connection.settimeout(left)
            try:
                some = self._connection.recv(1 << 16)
            except TimeoutError:
                return
            except ConnectionResetError:
                some = b""
            if not some:
                self.outcome.closed = self.outcome.closed or 1006
                return
            self._bytes += some
            while self._take_frame():
                pass

    def _take_frame(self) -> bool:
        """Removes and handles one complete frame, if there is one; frames of a server are never masked."""
        if len(self._bytes) < 2:
            return False
        first, length, head = self._bytes[0], self._bytes[1], 2
        if length >= 126:
            head += 2 if length == 126 else 8
            if len(self._bytes) < head:
                return False
            length = int.from_bytes(self._bytes[2:head])
        if len(self._bytes) < head + length:
            return False
        payload = bytes(self._bytes[head : head + length])
        del self._bytes[: head + length]
        if first == 0x81:
            self.outcome.take(json.loads(payload))
        elif first == 0x88:
            self.outcome.closed = int.from_bytes(payload[:2])
        elif first == 0x89:
            self._connection.sendall(PONG)
        return True
