"""Viewers that join and then never read.

Each is a socket with the smallest receive buffer the kernel allows. To detect without reading that the hub has dropped
a viewer, the kernel probes the connection once a second (TCP keepalive) and gets a reset if it is gone. Probes carry no
data, so the hub still sees the viewer as silent.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
HANDSHAKE_SECONDS = 5.0
PROBE_SECONDS = 1
POLL_SECONDS = 0.5


class StuckViewers:
    """The number of stuck viewers, and after how many seconds each was disconnected."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.disconnected: list[float] = []


@contextmanager
def stuck_viewers(url: str, count: int) -> Iterator[StuckViewers]:
    """Connects `count` viewers for the duration of the block."""
    viewers = StuckViewers(count)
    with ExitStack() as stack:
        connections = [stack.enter_context(join(url)) for _ in range(count)]
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(viewers, connections, over))
        watcher.start()
        try:
            yield viewers
        finally:
            over.set()
            watcher.join()


def join(url: str, headers: str = "") -> socket.socket:
    """Joins with the smallest receive buffer the kernel allows; each header in `headers` ends with CRLF."""
    parts = urlsplit(url)
    connection = socket.socket()
    try:
        # Set before connecting, because the offered window depends on it; the kernel raises it to its minimum.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_SECONDS)
        connection.settimeout(HANDSHAKE_SECONDS)
        connection.connect((parts.hostname, parts.port))
        connection.sendall(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n{headers}"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGlja2Nhc3Qgc3R1Y2shIQ==\r\n\r\n".encode()
        )
        head = b""
        while HEAD_END not in head:
            # Byte by byte: everything after the head must stay unread.
            head += connection.recv(1) or HEAD_END
        if not head.startswith(b"HTTP/1.1 101 "):
            raise OSError(f"the hub answers {head[:40]!r}")
    except BaseException:
        connection.close()
        raise
    return connection


def _watch(viewers: StuckViewers, connections: list[socket.socket], over: threading.Event) -> None:
    joined = time.monotonic()
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLRDHUP)
    while not over.wait(POLL_SECONDS):
        for descriptor, _ in poll.poll(0):
            poll.unregister(descriptor)
            viewers.disconnected.append(time.monotonic() - joined)
