"""Publishes the records to a broker on schedule, over the broker's own protocol.

The schedule is absolute: a late record is sent at once and still carries the instant at which it was due, so delays
caused by a broker that slows the publisher down show up as latency.
Usage: publish.py URL RATE, with nats://HOST:PORT/SUBJECT, mqtt://HOST:PORT/TOPIC or
http://HOST:PORT/PATH (POST, kept alive and pipelined).
"""

import json
import select
import socket
import sys
import time
from collections.abc import Callable
from itertools import count
from urllib.parse import SplitResult, urlsplit

from ticks import Schedule

# Size of one read from the broker.
READ_BYTES = 1 << 16


class Nats:
    """Core NATS: nothing is acknowledged."""

    def __init__(self, url: SplitResult) -> None:
        self._subject = url.path.lstrip("/")
        options = {"verbose": False, "pedantic": False, "echo": False, "lang": "python", "version": "1"}
        self.greeting = b"CONNECT " + json.dumps(options).encode() + b"\r\n"

    def frame(self, record: bytes) -> bytes:
        return b"PUB %s %d\r\n%s\r\n" % (self._subject.encode(), len(record), record)

    def answer(self, data: bytes) -> bytes:
        if b"-ERR" in data:
            sys.exit(f"the broker reports an error: {data.decode(errors='replace').strip()}")
        return b"PONG\r\n" * data.count(b"PING\r\n")


class Mqtt:
    """MQTT 3.1.1 with QoS 0: only the connection is acknowledged."""

    CLEAN_SESSION = 0x02

    def __init__(self, url: SplitResult) -> None:
        self._topic = self._text(url.path.lstrip("/").encode())
        keep_alive_never = b"\x00\x00"
        variable = self._text(b"MQTT") + bytes([4, self.CLEAN_SESSION]) + keep_alive_never
        self.greeting = self._packet(0x10, variable + self._text(b"publisher"))

    def frame(self, record: bytes) -> bytes:
        return self._packet(0x30, self._topic + record)

    def answer(self, data: bytes) -> bytes:
        if data[:1] == b"\x20" and data[3:4] != b"\x00":
            sys.exit(f"the broker refuses the connection with code {data[3]}")
        return b""

    @staticmethod
    def _text(text: bytes) -> bytes:
        return len(text).to_bytes(2, "big") + text

    @staticmethod
    def _packet(kind: int, rest: bytes) -> bytes:
        length, digits = len(rest), bytearray()
        while length > 127:
            digits.append(length & 127 | 128)
            length >>= 7
        return bytes([kind]) + bytes(digits) + bytes([length]) + rest


class Http:
    """One POST per record, pipelined: the next request does not wait for the previous response."""

    greeting = b""

    def __init__(self, url: SplitResult) -> None:
        self._head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: ".encode()

    def frame(self, record: bytes) -> bytes:
        return self._head + str(len(record)).encode() + b"\r\n\r\n" + record

    def answer(self, data: bytes) -> bytes:
        if b"HTTP/1.1 4" in data or b"HTTP/1.1 5" in data:
            sys.exit(f"the broker reports an error: {data.decode(errors='replace').strip()}")
        return b""


PROTOCOLS: dict[str, Callable[[SplitResult], Nats | Mqtt | Http]] = {"nats": Nats, "mqtt": Mqtt, "http": Http}


def listen(connection: socket.socket, protocol: Nats | Mqtt | Http, wait: float) -> None:
    """Reads from the broker for `wait` seconds and sends the answers that the protocol requires."""
    until = time.monotonic() + wait
    # `select`, because its timeout has microsecond resolution; those of `poll` and `epoll` have milliseconds.
    while select.select([connection], [], [], max(0.0, until - time.monotonic()))[0]:
        data = connection.recv(READ_BYTES)
        if not data:
            sys.exit("the broker has closed the connection")
        if answer := protocol.answer(data):
            connection.sendall(answer)
        if time.monotonic() >= until:
            return


def publish(url: SplitResult, rate: float) -> None:
    protocol = PROTOCOLS[url.scheme](url)
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(protocol.greeting)
        schedule = Schedule(rate)
        for index in count():
            listen(connection, protocol, schedule.wait(index))
            connection.sendall(protocol.frame(schedule.record(index)))


if __name__ == "__main__":
    try:
        publish(urlsplit(sys.argv[1]), float(sys.argv[2]))
    except OSError as error:
        sys.exit(f"cannot publish to {sys.argv[1]}: {error}")
