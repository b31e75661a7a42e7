#!/usr/bin/env python3
"""Checks that every server in the comparison works: each of 50 viewers receives every record.

It uses its own small client instead of `tickcast bench`, so that a bug in one is not mistaken for a bug in the other.
Usage: benches/smoke.py [hub|PEER…]; by default it checks everything that is installed.
"""

import json
import os
import re
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from rig.peers import PEERS
from rig.processes import RigError, prepare_this_process
from rig.servers import Server, check_hub, hub

VIEWERS = 50
RATE = 100.0
# How long the viewers read after the last one has joined.
SECONDS = 3.0

RECORD = re.compile(rb'\{"i":(\d+),"t":(\d+)[^}]*\}')


def websocket_opening(url: SplitResult) -> bytes:
    lines = (
        f"GET {url.path} HTTP/1.1",
        f"Host: {url.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGlja2Nhc3Qgc21va2UhIQ==",
    )
    return "\r\n".join((*lines, "", "")).encode()


def nats_opening(url: SplitResult) -> bytes:
    return f'CONNECT {{"verbose":false,"pedantic":false}}\r\nSUB {url.path[1:]} 1\r\n'.encode()


def mqtt_opening(url: SplitResult) -> bytes:
    def text(words: bytes) -> bytes:
        return len(words).to_bytes(2, "big") + words

    def packet(kind: int, rest: bytes) -> bytes:
        return bytes([kind, len(rest)]) + rest

    # A clean session with an empty client id and no keep-alive, then one subscription with QoS 0.
    connect = packet(0x10, text(b"MQTT") + b"\x04\x02\x00\x00" + text(b""))
    return connect + packet(0x82, b"\x00\x01" + text(url.path[1:].encode()) + b"\x00")


OPENINGS: dict[str, Callable[[SplitResult], bytes]] = {
    "ws": websocket_opening,
    "nats": nats_opening,
    "mqtt": mqtt_opening,
}


@dataclass
class Viewer:
    """One connection and the records it has received."""

    connection: socket.socket
    rest: bytes = b""
    records: list[tuple[int, int]] = field(default_factory=list)
    late_us: list[int] = field(default_factory=list)

    def read(self) -> None:
        self.rest += self.connection.recv(1 << 16)
        now = time.time_ns() // 1000
        end = 0
        for found in RECORD.finditer(self.rest):
            json.loads(found.group())
            self.records.append((int(found[1]), int(found[2])))
            self.late_us.append(now - int(found[2]))
            end = found.end()
        self.rest = self.rest[end:]


def watch(server: Server, stack: ExitStack) -> list[Viewer]:
    url = urlsplit(server.url)
    selector = stack.enter_context(selectors.DefaultSelector())
    viewers = []
    for _ in range(VIEWERS):
        connection = stack.enter_context(socket.create_connection((url.hostname, url.port)))
        connection.sendall(OPENINGS[url.scheme](url))
        viewers.append(Viewer(connection))
        selector.register(connection, selectors.EVENT_READ, viewers[-1])
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for key, _ in selector.select(timeout=0.1):
            key.data.read()
    return viewers


def problems(viewers: list[Viewer], stamped: bool) -> list[str]:
    """Lists what is wrong; empty if every viewer received every record in order and with the right due time."""
    wrong = []
    firsts, lasts = ([viewer.records[at][0] for viewer in viewers if viewer.records] for at in (0, -1))
    for number, viewer in enumerate(viewers):
        indexes = [index for index, _ in viewer.records]
        if len(indexes) < (SECONDS - 1) * RATE:
            wrong.append(f"viewer {number} got {len(indexes)} records")
        elif indexes != list(range(indexes[0], indexes[0] + len(indexes))):
            wrong.append(f"viewer {number} got records with holes or out of order")
        steps = {later[1] - earlier[1] for earlier, later in zip(viewer.records, viewer.records[1:], strict=False)}
        if stamped and not steps <= {round(1e6 / RATE)}:
            wrong.append(f"viewer {number} got due times {sorted(steps)} µs apart")
    if len(lasts) == VIEWERS and max(lasts) - min(lasts) > RATE / 2:
        wrong.append(f"viewers are far apart: {min(lasts)} to {max(lasts)}, joined at {min(firsts)} to {max(firsts)}")
    return wrong


def check(name: str, serve: Callable[[float, Path], AbstractContextManager[Server]]) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tickcast-smoke-")))
        server = stack.enter_context(serve(RATE, folder))
        executable = os.readlink(f"/proc/{server.pid}/exe").rpartition("/")[2]
        viewers = watch(server, stack)
        wrong = problems(viewers, server.stamp_field is not None)
        late = sorted(us for viewer in viewers for us in viewer.late_us)
    median = f", median {late[len(late) // 2] / 1000:.2f} ms" if late and server.stamp_field else ""
    print(f"{name:<10} pid of {executable}: {len(late)} records to {VIEWERS} viewers{median}: {wrong[:3] or 'ok'}")
    return not wrong


def main(names: list[str]) -> int:
    prepare_this_process()
    check_hub()
    servers = {"hub": hub} | {peer.name: peer.serve for peer in PEERS if peer.is_installed()}
    if unknown := set(names) - set(servers):
        raise RigError(f"unknown or not installed: {', '.join(sorted(unknown))}; there are {', '.join(servers)}")
    results = [check(name, servers[name]) for name in names or servers]
    return 0 if all(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RigError as failure:
        sys.exit(str(failure))
