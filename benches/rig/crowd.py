"""Thousands of `tickcast.v1` viewers in one process that reconnect the way the client library does.

The rules and their constants match `web/src/client/connection.ts`; `test_crowd.py` compares the constants:

- After a `bye` with reason `draining`, the viewer opens a second connection at a random instant within `retry_ms` and
  keeps reading the first one. It closes the first once the second has received `hello`, and drops duplicates by `seq`.
- If the second connection is refused, the viewer retries after 1 to 2 s while the first one is still open.
- If the connection closes, the viewer waits a random time: within the range of the last `bye` if there was one,
  otherwise 0.1 to 0.6 s for the first five attempts, then growing by a factor of 1.6 up to 20 s.
- It resumes from its position; the second connection asks for an extra quarter of a second.

With `old_rules` viewers follow the previous client: no second connection, a first wait of 0.5 to 1 s that doubles with
each attempt, and after `bye` the range given there. Not modelled is the request with which a browser finds out why a
handshake was refused, which costs it one more round trip.
"""

import errno
import heapq
import os
import random
import re
import resource
import select
import socket
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from rig.processes import OPEN_FILES

HANDSHAKE_SECONDS = 10.0
SPARE_RETRY_SECONDS = (1.0, 2.0)
SHORT_WAITS, FIRST_SPREAD, GROWTH, MIN_WAIT, MAX_WAIT = 5, 0.5, 1.6, 0.1, 20.0
OVERLAP_SECONDS = 0.25
STABLE_AFTER = 5.0
# The hub allows 1,024 connections per address, and a viewer that switches connections holds two.
VIEWERS_PER_ADDRESS = 400
IP_BIND_ADDRESS_NO_PORT = 24

SEQ = re.compile(rb'"seq":(\d+)')
EPOCH = re.compile(rb'"epoch":"([a-z0-9]+)"')
RANGE = re.compile(rb'"retry_ms":\[(\d+),(\d+)\]')
COUNT = re.compile(rb'"data":\[')


class ViewerConnection:
    """One socket of a viewer, connecting or open."""

    __slots__ = ("buffer", "hello", "opened", "request", "socket", "viewer")

    def __init__(self, viewer: "Viewer", sock: socket.socket, request: bytes) -> None:
        self.viewer, self.socket, self.request = viewer, sock, request
        self.buffer = b""
        self.opened = self.hello = False


class Viewer:
    """One viewer, and the longest time it went without a new record."""

    __slots__ = (
        "address", "epoch", "failures", "last_at", "line", "longest", "range", "seq", "spare", "state", "timer",
        "timer_at", "stable_at", "wrong",
    )

    def __init__(self, address: str) -> None:
        self.address = address
        self.line: ViewerConnection | None = None
        self.spare: ViewerConnection | None = None
        self.epoch, self.seq = b"", 0
        self.last_at, self.longest = 0.0, 0.0
        self.range: tuple[float, float] | None = None
        self.failures, self.timer, self.timer_at = 0, 0, 0.0
        self.stable_at = 0.0
        self.state = "new"
        self.wrong = 0


class ViewerPool:
    """All viewers of one process, served by one event loop."""

    def __init__(self, target: tuple[str, int], count: int, rate: float, old_rules: bool) -> None:
        self.target, self.rate, self.old_rules = target, rate, old_rules
        self.epoll = select.epoll()
        self.connections: dict[int, ViewerConnection] = {}
        self.timers: list[tuple[float, int, int, Viewer, Callable[[Viewer], None]]] = []
        self.counter = 0
        self.viewers = [Viewer(f"127.0.{1 + i // VIEWERS_PER_ADDRESS // 250}.{2 + i // VIEWERS_PER_ADDRESS % 250}") for i in range(count)]
        self.joined = 0

    def after(self, viewer: Viewer, seconds: float, call: Callable[[Viewer], None]) -> None:
        """Sets the timer of `viewer`, replacing the previous one: a viewer has one timer at a time."""
        viewer.timer += 1
        self.counter += 1
        viewer.timer_at = time.monotonic() + seconds
        heapq.heappush(self.timers, (viewer.timer_at, self.counter, viewer.timer, viewer, call))

    def dial(self, viewer: Viewer, is_spare: bool) -> ViewerConnection | None:
        overlap = round(self.rate * OVERLAP_SECONDS) if is_spare else 0
        query = f"since={viewer.epoch.decode()}:{max(0, viewer.seq - overlap)}" if viewer.epoch else "last=0"
        host, port = self.target
        request = (
            f"GET /ws?{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: tickcast.v1\r\n\r\n"
        ).encode()
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((viewer.address, 0))
        error = sock.connect_ex(self.target)
        if error not in (0, errno.EINPROGRESS):
            sock.close()
            return None
        connection = ViewerConnection(viewer, sock, request)
        self.connections[sock.fileno()] = connection
        self.epoll.register(sock.fileno(), select.EPOLLOUT)
        return connection

    def drop(self, connection: ViewerConnection | None) -> None:
        if connection is not None and self.connections.pop(connection.socket.fileno(), None):
            self.epoll.unregister(connection.socket.fileno())
            connection.socket.close()

    def open(self, viewer: Viewer) -> None:
        viewer.range = None
        viewer.state = "connecting"
        viewer.line = self.dial(viewer, False)
        if viewer.line is None:
            self.wait(viewer)
        else:
            self.after(viewer, HANDSHAKE_SECONDS, self.on_handshake_timeout)

    def retry_delay(self, viewer: Viewer) -> float:
        if viewer.range is not None:
            named = random.uniform(*viewer.range)
            is_stable = time.monotonic() >= viewer.stable_at
            return named if is_stable or self.old_rules else max(named, self.backoff(viewer))
        return self.backoff(viewer)

    def backoff(self, viewer: Viewer) -> float:
        viewer.failures += 1
        if self.old_rules:
            return min(MAX_WAIT, 0.5 + random.random() * min(MAX_WAIT, 0.5 * 2 ** (viewer.failures - 1)))
        return min(MAX_WAIT, MIN_WAIT + random.random() * FIRST_SPREAD * GROWTH ** max(0, viewer.failures - SHORT_WAITS))

    def wait(self, viewer: Viewer, at_most: float = MAX_WAIT) -> None:
        viewer.state = "waiting"
        self.after(viewer, min(self.retry_delay(viewer), max(0.0, at_most)), self.open)

    def on_handshake_timeout(self, viewer: Viewer) -> None:
        if viewer.spare is not None:
            self.on_close(viewer.spare)
        elif viewer.line is not None and not viewer.line.hello:
            self.drop(viewer.line)
            viewer.line = None
            self.wait(viewer)

    def try_spare(self, viewer: Viewer) -> None:
        viewer.spare = self.dial(viewer, True)
        if viewer.spare is None:
            self.after(viewer, random.uniform(*SPARE_RETRY_SECONDS), self.try_spare)
        else:
            self.after(viewer, HANDSHAKE_SECONDS, self.on_handshake_timeout)

    def on_close(self, connection: ViewerConnection) -> None:
        """Handles a connection that was closed or refused."""
        viewer = connection.viewer
        self.drop(connection)
        if connection is viewer.spare:
            viewer.spare = None
            self.after(viewer, random.uniform(*SPARE_RETRY_SECONDS), self.try_spare)
        elif connection is viewer.line:
            viewer.line = None
            if viewer.spare is not None:
                viewer.line, viewer.spare = viewer.spare, None
                viewer.state = "connecting"
                self.after(viewer, HANDSHAKE_SECONDS, self.on_handshake_timeout)
            elif viewer.state == "draining" and not self.old_rules:
                self.wait(viewer, viewer.timer_at - time.monotonic())
            else:
                self.wait(viewer)

    def on_hello(self, connection: ViewerConnection, text: bytes, now: float) -> None:
        viewer = connection.viewer
        if connection is viewer.spare:
            old, viewer.line, viewer.spare = viewer.line, connection, None
            self.drop(old)
        connection.hello = True
        viewer.timer += 1
        viewer.state, viewer.range = "live", None
        viewer.stable_at = now + STABLE_AFTER
        epoch = EPOCH.search(text)
        seq = SEQ.search(text)
        assert epoch and seq
        if viewer.epoch != epoch[1]:
            self.joined += not viewer.epoch
            viewer.epoch, viewer.seq = epoch[1], int(seq[1])
            viewer.last_at = now

    def on_records(self, viewer: Viewer, first: int, count: int, now: float) -> None:
        last = first + count - 1
        if last <= viewer.seq:
            return
        if first > viewer.seq + 1:
            viewer.wrong += 1
        viewer.longest = max(viewer.longest, now - viewer.last_at)
        viewer.seq, viewer.last_at = last, now
        if viewer.failures and now >= viewer.stable_at:
            viewer.failures = 0

    def on_message(self, connection: ViewerConnection, text: bytes, now: float) -> None:
        viewer = connection.viewer
        kind = text[9:12]
        if kind == b"dat":
            seq = SEQ.search(text)
            assert seq
            self.on_records(viewer, int(seq[1]), 1, now)
        elif kind == b"bat":
            import json

            batch = json.loads(text)
            self.on_records(viewer, batch["seq"], len(batch["data"]), now)
        elif kind == b"hel":
            self.on_hello(connection, text, now)
        elif kind == b"bye":
            named = RANGE.search(text)
            assert named
            viewer.range = (int(named[1]) / 1000, int(named[2]) / 1000)
            if connection is viewer.line and viewer.state == "live" and b'"draining"' in text and not self.old_rules:
                retry_delay = self.retry_delay(viewer)
                viewer.state = "draining"
                self.after(viewer, retry_delay, self.try_spare)

    def read(self, connection: ViewerConnection, now: float) -> None:
        try:
            data = connection.socket.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.on_close(connection)
        data = connection.buffer + data if connection.buffer else data
        if not connection.opened:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                connection.buffer = data
                return None
            if not head.startswith(b"HTTP/1.1 101"):
                return self.on_close(connection)
            connection.opened, data = True, rest
        at, length = 0, len(data)
        while length - at >= 2:
            size, body = data[at + 1] & 127, at + 2
            if size == 126:
                size, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if body + size > length:
                break
            opcode = data[at] & 15
            if opcode == 1:
                self.on_message(connection, data[body : body + size], now)
            elif opcode == 9:
                self.send(connection, 0x8A, data[body : body + size])
            elif opcode == 8:
                self.send(connection, 0x88, data[body : body + 2])
                return self.on_close(connection)
            at = body + size
        connection.buffer = data[at:]
        return None

    def send(self, connection: ViewerConnection, head: int, body: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
        try:
            connection.socket.send(struct.pack("!BB", head, 0x80 | len(body)) + mask + masked)
        except OSError:
            pass

    def run(self, until: Callable[[], bool]) -> None:
        """Runs the event loop until `until` returns true."""
        while not until():
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, timer, viewer, call = heapq.heappop(self.timers)
                if timer == viewer.timer:
                    call(viewer)
            wait = min(0.02, self.timers[0][0] - now) if self.timers else 0.02
            for fd, event in self.epoll.poll(max(0.0, wait)):
                connection = self.connections.get(fd)
                if connection is None:
                    continue
                if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                    try:
                        connection.socket.send(connection.request)
                    except OSError:
                        self.on_close(connection)
                        continue
                    self.epoll.modify(fd, select.EPOLLIN)
                elif event & select.EPOLLIN:
                    self.read(connection, time.monotonic())
                else:
                    self.on_close(connection)


def attend(pipe: Connection, target: tuple[str, int], count: int, rate: float, old_rules: bool) -> None:
    """Runs a process of viewers: reports through `pipe` how many joined, measures between two messages from it, and
    sends each viewer's longest silence and number of holes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    pool = ViewerPool(target, count, rate, old_rules)
    begun = time.monotonic()
    for i, viewer in enumerate(pool.viewers):
        # 2,000 joins a second: the benchmark measures restarts, not the rush at the start.
        pool.after(viewer, i / 2_000, pool.open)
    pool.run(lambda: pool.joined == count or time.monotonic() > begun + 60)
    pipe.send(pool.joined)
    pool.run(pipe.poll)
    pipe.recv()
    now = time.monotonic()
    for viewer in pool.viewers:
        viewer.longest, viewer.wrong = 0.0, 0
        viewer.last_at = max(viewer.last_at, now - 1 / rate)
    pool.run(pipe.poll)
    pipe.recv()
    now = time.monotonic()
    pipe.send([(max(viewer.longest, now - viewer.last_at), viewer.wrong) for viewer in pool.viewers])
