"""Viewers of `tickcast.v1` that come back as the client library does, thousands in one process.

The rules are those of `web/src/client/connection.ts`, with the same numbers:

- after `bye` with the reason `draining`, a second connection is opened at random within `retry_ms` while the stream
  goes on; the first is closed when the second has said `hello`; what comes twice is dropped by its `seq`;
- refused, the second is tried again after 1 to 2 s, as long as the first goes on;
- closed, a viewer waits at random within the range of the last `bye`, if there was one, then and otherwise 0.1 to
  0.6 s, five times, which then grows by 1.6 each time up to 20 s;
- it joins with its position; the second connection asks for a quarter of a second more.

`old_rules` are those of before: no second connection, 0.5 to 1 s at first, doubled each time, and after `bye` the
range that it names. Left out is the question why a handshake was refused, which costs a browser one more round trip.
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
SPARE_AGAIN = (1.0, 2.0)
SHORT_WAITS, FIRST_SPREAD, GROWTH, MIN_WAIT, MAX_WAIT = 5, 0.5, 1.6, 0.1, 20.0
OVERLAP_SECONDS = 0.25
WELL_AFTER = 5.0
# One address may have 1,024 connections, and a viewer that moves has two.
VIEWERS_PER_ADDRESS = 400
IP_BIND_ADDRESS_NO_PORT = 24

PLACE = re.compile(rb'"seq":(\d+)')
EPOCH = re.compile(rb'"epoch":"([a-z0-9]+)"')
RANGE = re.compile(rb'"retry_ms":\[(\d+),(\d+)\]')
COUNT = re.compile(rb'"data":\[')


class Attempt:
    """A socket that is being opened, or is open."""

    __slots__ = ("buffer", "hello", "opened", "request", "socket", "viewer")

    def __init__(self, viewer: "Viewer", sock: socket.socket, request: bytes) -> None:
        self.viewer, self.socket, self.request = viewer, sock, request
        self.buffer = b""
        self.opened = self.hello = False


class Viewer:
    """One viewer, and the longest time that it was without a new record."""

    __slots__ = (
        "address", "epoch", "failures", "last_at", "line", "longest", "range", "seq", "spare", "state", "timer",
        "timer_at", "well_at", "wrong",
    )

    def __init__(self, address: str) -> None:
        self.address = address
        self.line: Attempt | None = None
        self.spare: Attempt | None = None
        self.epoch, self.seq = b"", 0
        self.last_at, self.longest = 0.0, 0.0
        self.range: tuple[float, float] | None = None
        self.failures, self.timer, self.timer_at = 0, 0, 0.0
        self.well_at = 0.0
        self.state = "new"
        self.wrong = 0


class Crowd:
    """All viewers of one process, served by one loop."""

    def __init__(self, target: tuple[str, int], count: int, rate: float, old_rules: bool) -> None:
        self.target, self.rate, self.old_rules = target, rate, old_rules
        self.epoll = select.epoll()
        self.attempts: dict[int, Attempt] = {}
        self.timers: list[tuple[float, int, int, Viewer, Callable[[Viewer], None]]] = []
        self.counter = 0
        self.viewers = [Viewer(f"127.0.{1 + i // VIEWERS_PER_ADDRESS // 250}.{2 + i // VIEWERS_PER_ADDRESS % 250}") for i in range(count)]
        self.joined = 0

    def after(self, viewer: Viewer, seconds: float, call: Callable[[Viewer], None]) -> None:
        """Sets the one timer of `viewer`."""
        viewer.timer += 1
        self.counter += 1
        viewer.timer_at = time.monotonic() + seconds
        heapq.heappush(self.timers, (viewer.timer_at, self.counter, viewer.timer, viewer, call))

    def dial(self, viewer: Viewer, is_spare: bool) -> Attempt | None:
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
        attempt = Attempt(viewer, sock, request)
        self.attempts[sock.fileno()] = attempt
        self.epoll.register(sock.fileno(), select.EPOLLOUT)
        return attempt

    def drop(self, attempt: Attempt | None) -> None:
        if attempt is not None and self.attempts.pop(attempt.socket.fileno(), None):
            self.epoll.unregister(attempt.socket.fileno())
            attempt.socket.close()

    def open(self, viewer: Viewer) -> None:
        viewer.range = None
        viewer.state = "connecting"
        viewer.line = self.dial(viewer, False)
        if viewer.line is None:
            self.wait(viewer)
        else:
            self.after(viewer, HANDSHAKE_SECONDS, self.give_up)

    def pause(self, viewer: Viewer) -> float:
        if viewer.range is not None:
            named = random.uniform(*viewer.range)
            is_well = time.monotonic() >= viewer.well_at
            return named if is_well or self.old_rules else max(named, self.back_off(viewer))
        return self.back_off(viewer)

    def back_off(self, viewer: Viewer) -> float:
        viewer.failures += 1
        if self.old_rules:
            return min(MAX_WAIT, 0.5 + random.random() * min(MAX_WAIT, 0.5 * 2 ** (viewer.failures - 1)))
        return min(MAX_WAIT, MIN_WAIT + random.random() * FIRST_SPREAD * GROWTH ** max(0, viewer.failures - SHORT_WAITS))

    def wait(self, viewer: Viewer, at_most: float = MAX_WAIT) -> None:
        viewer.state = "waiting"
        self.after(viewer, min(self.pause(viewer), max(0.0, at_most)), self.open)

    def give_up(self, viewer: Viewer) -> None:
        if viewer.spare is not None:
            self.lost(viewer.spare)
        elif viewer.line is not None and not viewer.line.hello:
            self.drop(viewer.line)
            viewer.line = None
            self.wait(viewer)

    def try_spare(self, viewer: Viewer) -> None:
        viewer.spare = self.dial(viewer, True)
        if viewer.spare is None:
            self.after(viewer, random.uniform(*SPARE_AGAIN), self.try_spare)
        else:
            self.after(viewer, HANDSHAKE_SECONDS, self.give_up)

    def lost(self, attempt: Attempt) -> None:
        """The connection is gone, or was refused."""
        viewer = attempt.viewer
        self.drop(attempt)
        if attempt is viewer.spare:
            viewer.spare = None
            self.after(viewer, random.uniform(*SPARE_AGAIN), self.try_spare)
        elif attempt is viewer.line:
            viewer.line = None
            if viewer.spare is not None:
                viewer.line, viewer.spare = viewer.spare, None
                viewer.state = "connecting"
                self.after(viewer, HANDSHAKE_SECONDS, self.give_up)
            elif viewer.state == "draining" and not self.old_rules:
                self.wait(viewer, viewer.timer_at - time.monotonic())
            else:
                self.wait(viewer)

    def greeted(self, attempt: Attempt, text: bytes, now: float) -> None:
        viewer = attempt.viewer
        if attempt is viewer.spare:
            old, viewer.line, viewer.spare = viewer.line, attempt, None
            self.drop(old)
        attempt.hello = True
        viewer.timer += 1
        viewer.state, viewer.range = "live", None
        viewer.well_at = now + WELL_AFTER
        epoch = EPOCH.search(text)
        place = PLACE.search(text)
        assert epoch and place
        if viewer.epoch != epoch[1]:
            self.joined += not viewer.epoch
            viewer.epoch, viewer.seq = epoch[1], int(place[1])
            viewer.last_at = now

    def took(self, viewer: Viewer, first: int, count: int, now: float) -> None:
        last = first + count - 1
        if last <= viewer.seq:
            return
        if first > viewer.seq + 1:
            viewer.wrong += 1
        viewer.longest = max(viewer.longest, now - viewer.last_at)
        viewer.seq, viewer.last_at = last, now
        if viewer.failures and now >= viewer.well_at:
            viewer.failures = 0

    def told(self, attempt: Attempt, text: bytes, now: float) -> None:
        viewer = attempt.viewer
        kind = text[9:12]
        if kind == b"dat":
            place = PLACE.search(text)
            assert place
            self.took(viewer, int(place[1]), 1, now)
        elif kind == b"bat":
            import json

            batch = json.loads(text)
            self.took(viewer, batch["seq"], len(batch["data"]), now)
        elif kind == b"hel":
            self.greeted(attempt, text, now)
        elif kind == b"bye":
            named = RANGE.search(text)
            assert named
            viewer.range = (int(named[1]) / 1000, int(named[2]) / 1000)
            if attempt is viewer.line and viewer.state == "live" and b'"draining"' in text and not self.old_rules:
                pause = self.pause(viewer)
                viewer.state = "draining"
                self.after(viewer, pause, self.try_spare)

    def read(self, attempt: Attempt, now: float) -> None:
        try:
            data = attempt.socket.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.lost(attempt)
        data = attempt.buffer + data if attempt.buffer else data
        if not attempt.opened:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                attempt.buffer = data
                return None
            if not head.startswith(b"HTTP/1.1 101"):
                return self.lost(attempt)
            attempt.opened, data = True, rest
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
                self.told(attempt, data[body : body + size], now)
            elif opcode == 9:
                self.send(attempt, 0x8A, data[body : body + size])
            elif opcode == 8:
                self.send(attempt, 0x88, data[body : body + 2])
                return self.lost(attempt)
            at = body + size
        attempt.buffer = data[at:]
        return None

    def send(self, attempt: Attempt, head: int, body: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
        try:
            attempt.socket.send(struct.pack("!BB", head, 0x80 | len(body)) + mask + masked)
        except OSError:
            pass

    def run(self, until: Callable[[], bool]) -> None:
        """Serves everybody until then."""
        while not until():
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, timer, viewer, call = heapq.heappop(self.timers)
                if timer == viewer.timer:
                    call(viewer)
            wait = min(0.02, self.timers[0][0] - now) if self.timers else 0.02
            for fd, event in self.epoll.poll(max(0.0, wait)):
                attempt = self.attempts.get(fd)
                if attempt is None:
                    continue
                if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                    try:
                        attempt.socket.send(attempt.request)
                    except OSError:
                        self.lost(attempt)
                        continue
                    self.epoll.modify(fd, select.EPOLLIN)
                elif event & select.EPOLLIN:
                    self.read(attempt, time.monotonic())
                else:
                    self.lost(attempt)


def attend(pipe: Connection, target: tuple[str, int], count: int, rate: float, old_rules: bool) -> None:
    """A process of viewers: says `joined`, measures between two words from `pipe`, and sends what it found."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    crowd = Crowd(target, count, rate, old_rules)
    begun = time.monotonic()
    for i, viewer in enumerate(crowd.viewers):
        # 2,000 a second, so that the beginning is no rush.
        crowd.after(viewer, i / 2_000, crowd.open)
    crowd.run(lambda: crowd.joined == count or time.monotonic() > begun + 60)
    pipe.send(crowd.joined)
    crowd.run(pipe.poll)
    pipe.recv()
    now = time.monotonic()
    for viewer in crowd.viewers:
        viewer.longest, viewer.wrong = 0.0, 0
        viewer.last_at = max(viewer.last_at, now - 1 / rate)
    crowd.run(pipe.poll)
    pipe.recv()
    now = time.monotonic()
    pipe.send([(max(viewer.longest, now - viewer.last_at), viewer.wrong) for viewer in crowd.viewers])
