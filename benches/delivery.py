#!/usr/bin/env python3
"""Compares the hub's own delivery histogram with what the kernel saw.

Viewers read records with the instant at which the kernel received each one (SO_TIMESTAMPNS). How late that is after the
record was due is compared with `tickcast_delivery_seconds` of the same seconds: p50 and p99 have to lie in the same
bucket or in neighbouring ones. A connection to the loopback address is received within the system call that sends, so
both name the same instant, up to the time of that call.

The hub has core 0, the viewers core 1. Exits with 1 if a quantile is further away. Linux only; takes a minute.
"""

import argparse
import json
import math
import random
import re
import select
import socket
import struct
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rig.processes import RigError, prepare_this_process
from rig.report import heading, machine
from rig.servers import Server, check_hub, hub

SO_TIMESTAMPNS = 35
"""Of Linux on the common architectures; Python does not export it."""
TIMESPEC = struct.Struct("@qq")
READ_BYTES = 65_536

VIEWERS_PER_ADDRESS = 1_000
WARMUP = 3.0
DRAIN_EVERY = 0.05
"""How often viewers that are not measured are read: more often than their socket fills."""
DRAIN_SLICE = 40
"""Viewers read at a time, so that the measured ones never wait long for theirs."""
CLOCK_READINGS = 20
QUANTILES = (0.5, 0.99)

SAMPLE = re.compile(r'^tickcast_delivery_seconds_bucket\{.*?le="([^"]+)".*?\} (\d+)', re.MULTILINE)


@dataclass(frozen=True)
class Load:
    """Viewers of one kind; the kernel's stamps are read for `measured` of them, and the others are just drained."""

    form: str
    viewers: int
    rate: float
    measured: int

    def __str__(self) -> str:
        return f"{self.viewers:,} {self.form} × {self.rate:g}/s"


# Python cannot read 100,000 messages a second, but any hundredth of the viewers, in random places of the hub's order,
# has the same distribution as all of them.
LOADS = (Load("v1", 9_000, 1.0, 9_000), Load("bare", 1_000, 100.0, 64))


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        return bytes(response.read())


def histogram(server: Server) -> dict[float, int]:
    """The counts of the delivery histogram up to each bound, over all encodings."""
    text = get(f"{server.ops_url}/metrics").decode()
    counts: dict[float, int] = {}
    for bound, count in SAMPLE.findall(text):
        counts[float(bound)] = counts.get(float(bound), 0) + int(count)
    return counts


def clock_offset(base: str) -> float:
    """Microseconds by which the hub's clock is ahead of this machine's wall clock, from the fastest reading."""
    readings = []
    for _ in range(CLOCK_READINGS):
        began = time.time_ns()
        now = json.loads(get(f"{base}/api/v1/time"))["now"]
        ended = time.time_ns()
        readings.append((ended - began, now - (began + ended) / 2000))
    return min(readings)[1]


def join(address: tuple[str, int], form: str, number: int) -> socket.socket:
    """Connects a viewer and returns once the hub has accepted it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    connection.bind((f"127.0.1.{1 + number // VIEWERS_PER_ADDRESS}", 0))
    connection.settimeout(10)
    connection.connect(address)
    protocol = "Sec-WebSocket-Protocol: tickcast.v1\r\n" if form == "v1" else ""
    connection.sendall(
        f"GET /ws?last=0 HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(READ_BYTES)
        if not piece:
            raise RigError(f"viewer {number} was refused: {head[:200]!r}")
        head += piece
    if not head.startswith(b"HTTP/1.1 101"):
        raise RigError(f"viewer {number} was refused: {head[:200]!r}")
    connection.setblocking(False)
    return connection


class Due:
    """When the records in a piece of the stream were due, in hub microseconds."""

    def __init__(self, base: str, rate: float) -> None:
        publication = json.loads(get(f"{base}/api/v1/topics/bench/history?last=1&format=ndjson").splitlines()[-1])
        self._t, self._index = int(publication["t"]), int(publication["data"]["i"])
        self._rate_millionths = round(rate * 1_000_000)

    def of(self, piece: bytes) -> list[float]:
        """For each record in `piece`; they are numbered by their field `i`, in every form."""
        indices = map(int, re.findall(rb'"i":(\d+)', piece))
        return [self._t + (index - self._index) * 10**12 / self._rate_millionths for index in indices]


class Viewers:
    """All viewers of one load, and the delays of the records that they have received, in seconds."""

    def __init__(self, server: Server, load: Load) -> None:
        host, port = server.url.removeprefix("ws://").removesuffix("/ws").split(":")
        base = f"http://{host}:{port}"
        self._due, self._offset = Due(base, load.rate), clock_offset(base)
        connections = [join((host, int(port)), load.form, number) for number in range(load.viewers)]
        measured = set(random.sample(range(load.viewers), load.measured))
        self._measured = {connections[number].fileno(): connections[number] for number in measured}
        self._drained = [one for number, one in enumerate(connections) if number not in measured]
        self._epoll = select.epoll()
        for descriptor in self._measured:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._rest: Iterator[socket.socket] = iter(())
        self._drain_at = 0.0
        self.delays: list[float] = []

    def read(self, seconds: float, *, is_counted: bool) -> None:
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            for descriptor, _ in self._epoll.poll(min(until - now, DRAIN_EVERY / 10)):
                delays = self._receive(self._measured[descriptor])
                if is_counted:
                    self.delays += delays
            self._drain(now)

    def close(self) -> None:
        self._epoll.close()
        for connection in (*self._measured.values(), *self._drained):
            connection.close()

    def _receive(self, connection: socket.socket) -> list[float]:
        piece, ancillary, _, _ = connection.recvmsg(READ_BYTES, 64)
        if not piece:
            raise RigError("the hub has disconnected a viewer")
        stamps = [TIMESPEC.unpack(data[:16]) for _, kind, data in ancillary if kind == SO_TIMESTAMPNS]
        if not stamps:
            raise RigError("the kernel gives no receive stamps")
        received = stamps[-1][0] * 1_000_000 + stamps[-1][1] / 1000 + self._offset
        return [(received - due) / 1_000_000 for due in self._due.of(piece)]

    def _drain(self, now: float) -> None:
        if not self._drained:
            return
        for _ in range(DRAIN_SLICE):
            connection = next(self._rest, None)
            if connection is None:
                if now < self._drain_at:
                    return
                self._rest, self._drain_at = iter(self._drained), now + DRAIN_EVERY
                return
            try:
                connection.recv(READ_BYTES)
            except BlockingIOError:
                continue


@dataclass(frozen=True)
class Quantile:
    """A quantile by both measures."""

    q: float
    seen: float
    seen_bucket: int
    exported_bucket: int
    bounds: list[float]

    @property
    def holds(self) -> bool:
        return abs(self.seen_bucket - self.exported_bucket) <= 1

    def row(self, load: Load, samples: tuple[int, int]) -> str:
        bucket = self.exported_bucket
        lower = self.bounds[bucket - 1] if bucket else 0.0
        return (
            f"| {load} | p{self.q * 100:g} | {self.seen * 1000:.2f} | {lower * 1000:g} – {self.bounds[bucket] * 1000:g} "
            f"| {self.seen_bucket - bucket:+d} | {samples[0]:,} / {samples[1]:,} | {'yes' if self.holds else 'NO'} |"
        )


def quantile(q: float, delays: list[float], counts: dict[float, int]) -> Quantile:
    bounds = sorted(counts)
    seen = delays[min(len(delays) - 1, math.ceil(q * len(delays)) - 1)]
    rank = math.ceil(q * counts[bounds[-1]])
    exported = next(i for i, bound in enumerate(bounds) if counts[bound] >= rank)
    return Quantile(q, seen, bisect_left(bounds, seen), exported, bounds)


def measure(load: Load, seconds: float, folder: Path) -> tuple[list[Quantile], tuple[int, int]]:
    with hub(load.rate, folder, ops=True) as server:
        time.sleep(1.5 / load.rate)  # The schedule is read from a record, so there has to be one.
        viewers = Viewers(server, load)
        viewers.read(WARMUP, is_counted=False)
        before = histogram(server)
        viewers.read(seconds, is_counted=True)
        after = histogram(server)
        viewers.close()
    counts = {bound: count - before.get(bound, 0) for bound, count in after.items()}
    delays = sorted(viewers.delays)
    if not delays or not counts or not counts[math.inf]:
        raise RigError(f"{load}: nothing was measured")
    return [quantile(q, delays, counts) for q in QUANTILES], (len(delays), counts[math.inf])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement [default: 20]")
    parser.add_argument("--runs", type=int, default=1, help="measurements of each load [default: 1]")
    arguments = parser.parse_args()
    check_hub()
    prepare_this_process()
    print(heading(machine(), {}), flush=True)
    print("| load | quantile | kernel, ms | hub's bucket, ms | buckets apart | samples, kernel / hub | holds |")
    print("|---|---|---|---|---|---|---|", flush=True)
    holds = True
    for load in LOADS:
        for _ in range(arguments.runs):
            with tempfile.TemporaryDirectory(prefix="tickcast-delivery-") as folder:
                quantiles, samples = measure(load, arguments.seconds, Path(folder))
            for one in quantiles:
                print(one.row(load, samples), flush=True)
                holds = holds and one.holds
    return 0 if holds else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
