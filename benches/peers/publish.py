"""Publishes the records to a broker, on the tick, over the broker's own protocol and nothing else.

The schedule is absolute: a tick that comes late is sent at once and still bears the instant at which
it was due, so a broker that holds the publisher back is seen as late and not as slow to be asked.
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

# An answer of a broker is read whole or in parts of this size.
READ_BYTES = 1 << 16


class Nats:
    """Core NATS: nothing is acknowledged."""

    def __init__(self, url: SplitResult) -> None:
        self._subject = url.path.lstrip("/")
        options = {"verbose": False, "pedantic": False, "echo": False, "lang": "python", "version": "1"}
        self.greeting = b"CONNECT " + json.dumps(options).encode() + b"\r\n"

    def frame(self, record: bytes) -> bytes:
        return b"PUB %s %d\r\n%s\r\n" % (self._subject.encode(), len(record), record)

    def answer(self, said: bytes) -> bytes:
        if b"-ERR" in said:
            sys.exit(f"the broker refuses: {said.decode(errors='replace').strip()}")
        return b"PONG\r\n" * said.count(b"PING\r\n")


class Mqtt:
    """MQTT 3.1.1 with QoS 0: nothing is acknowledged but the connection."""

    CLEAN_SESSION = 0x02

    def __init__(self, url: SplitResult) -> None:
        self._topic = self._text(url.path.lstrip("/").encode())
        keep_alive_never = b"\x00\x00"
        variable = self._text(b"MQTT") + bytes([4, self.CLEAN_SESSION]) + keep_alive_never
        self.greeting = self._packet(0x10, variable + self._text(b"publisher"))

    def frame(self, record: bytes) -> bytes:
        return self._packet(0x30, self._topic + record)

    def answer(self, said: bytes) -> bytes:
        if said[:1] == b"\x20" and said[3:4] != b"\x00":
            sys.exit(f"the broker refuses the connection with code {said[3]}")
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
    """One POST a record; the next one does not wait for the answer to the last."""

    greeting = b""

    def __init__(self, url: SplitResult) -> None:
        self._head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: ".encode()

    def frame(self, record: bytes) -> bytes:
        return self._head + str(len(record)).encode() + b"\r\n\r\n" + record

    def answer(self, said: bytes) -> bytes:
        if b"HTTP/1.1 4" in said or b"HTTP/1.1 5" in said:
            sys.exit(f"the broker refuses: {said.decode(errors='replace').strip()}")
        return b""


PROTOCOLS: dict[str, Callable[[SplitResult], Nats | Mqtt | Http]] = {"nats": Nats, "mqtt": Mqtt, "http": Http}


def listen(connection: socket.socket, protocol: Nats | Mqtt | Http, wait: float) -> None:
    """Reads what the broker says for so long, and answers it where the protocol wants that."""
    until = time.monotonic() + wait
    # `select` and not `poll`: its timeout is exact to the microsecond, theirs to the millisecond.
    while select.select([connection], [], [], max(0.0, until - time.monotonic()))[0]:
        said = connection.recv(READ_BYTES)
        if not said:
            sys.exit("the broker has closed the connection")
        if answer := protocol.answer(said):
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
