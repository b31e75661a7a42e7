#!/usr/bin/env python3
"""Measures how abuse of the history API affects another client, and how long a configuration reload takes.

A hub replays a generated dataset of a million records. A well-behaved client (127.0.0.2) requests the newest 100
records as JSON, 1,000 points of the whole dataset, and 1,000 CSV rows of another topic, in turn. After each round the
script sends SIGHUP and waits for the reload in the log. It measures three scenarios: no abuse; one address
(127.0.0.1) holding 64 slow readers; and that address sending 399 requests for the extremes of 40 fields, each closed
after 3 ms. Each scenario starts a fresh hub and runs for a bounded time.

Prints a table; times are in seconds. A response that takes more than 90 s is recorded as 90 s.
Usage: benches/history_abuse.py [--binary PATH] [--seconds 30] [--records 1000000]
"""

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ABUSER, OTHER = "127.0.0.1", "127.0.0.2"

FIELDS = 40
SLOW_READERS = 64
# Bytes a slow reader takes per read, and the seconds between reads: 640 bytes a second.
SLOW_BYTES, SLOW_EVERY = 64, 0.1
CANCELLED_REQUESTS = 399
CANCEL_AFTER = 0.003

# Longest wait for a response or a reload, in seconds.
TIMEOUT = 90.0
START_SECONDS = 120.0
END_SECONDS = 10.0

QUERIES = {
    "json last=100": "/api/v1/topics/large/history?last=100",
    "points=1000": "/api/v1/topics/large/history?from=1&points=1000&field=f0",
    "csv other topic": "/api/v1/topics/small/history?from=1&limit=1000&format=csv",
}

CONFIGURATION = """
[server]
host = "127.0.0.1"
port = 0
history_max = 1000000
[ops]
enabled = false
[state]
dir = ""
[topics.large]
dataset = "large.json"
rate = 1000
start = "2020-01-01T00:00:00Z"
[topics.small]
dataset = "small.json"
rate = 1000
start = "2020-01-01T00:00:00Z"
"""


class AbuseError(Exception):
    """The hub did not start or did not respond as the benchmark needs; the message says what failed."""


@dataclass
class Hub:
    """A running hub and the events it has logged."""

    process: subprocess.Popen[str]
    address: tuple[str, int] = ("", 0)
    events: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read_log(self) -> None:
        """Reads the log until it ends, and notifies waiters of each event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with suppress(json.JSONDecodeError):
                event = json.loads(line)
                with self.changed:
                    if event["event"] == "listening":
                        host, port = event["address"].rsplit(":", 1)
                        self.address = (host, int(port))
                    self.events.append(event["event"])
                    self.changed.notify_all()

    def wait_for(self, event: str, count: int, seconds: float) -> bool:
        """Returns whether `event` is logged at least `count` times within `seconds`."""
        with self.changed:
            return self.changed.wait_for(lambda: self.events.count(event) >= count, seconds)

    def reload(self) -> float:
        """Sends SIGHUP and returns the seconds until the reload is logged."""
        count = self.events.count("config.reloaded")
        begin = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("config.reloaded", count + 1, TIMEOUT)
        return time.monotonic() - begin


@contextmanager
def running(binary: Path, folder: Path) -> Iterator[Hub]:
    process = subprocess.Popen(
        [binary, "--config", folder / "tickcast.toml", "serve"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("TICKCAST")},
    )
    hub = Hub(process)
    reader = threading.Thread(target=hub.read_log, daemon=True)
    reader.start()
    try:
        if not hub.wait_for("listening", 1, START_SECONDS):
            raise AbuseError("the hub does not listen")
        yield hub
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_datasets(folder: Path, records: int) -> None:
    """Writes the large dataset, of 40 numbers a record, the small one, and the configuration."""
    numbers = random.Random(7)
    with (folder / "large.json").open("w") as out:
        rows = [
            ",".join(f'"f{n}":{numbers.randrange(1000)}' for n in range(FIELDS)) for _ in range(1_000)
        ]
        for number in range(records):
            out.write(f'{"," if number else "["}{{"n":{number},{rows[number % len(rows)]}}}')
        out.write("]")
    small = [{"n": number, "text": f"row {number}, of a thousand"} for number in range(1_000)]
    (folder / "small.json").write_text(json.dumps(small))
    (folder / "tickcast.toml").write_text(CONFIGURATION)


def connect(hub: Hub, source: str, path: str) -> socket.socket:
    """Connects from `source` and sends a request for `path`."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096 if source == ABUSER else 1 << 20)
    client.bind((source, 0))
    client.settimeout(TIMEOUT)
    client.connect(hub.address)
    host = f"{hub.address[0]}:{hub.address[1]}"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    return client


def request(hub: Hub, path: str) -> tuple[float, int]:
    """Returns the seconds until the response is complete and its status, 0 if there was no response."""
    begin = time.monotonic()
    status = 0
    with suppress(OSError), connect(hub, OTHER, path) as client:
        answer = bytearray()
        while part := client.recv(1 << 16):
            answer += part
        found = re.match(rb"HTTP/1.1 (\d+) ", answer)
        status = int(found[1]) if found else 0
    return time.monotonic() - begin, status


def read_slowly(hub: Hub, stop: threading.Event) -> None:
    """Keeps 64 slow downloads open, replacing each one that ends."""
    path = "/api/v1/topics/large/history?from=1&limit=1000000"
    readers: list[socket.socket] = []
    while not stop.wait(SLOW_EVERY):
        while len(readers) < SLOW_READERS:
            readers.append(connect(hub, ABUSER, path))
            readers[-1].setblocking(False)
        for reader in list(readers):
            try:
                is_open = bool(reader.recv(SLOW_BYTES))
            except BlockingIOError:
                is_open = True
            except OSError:
                is_open = False
            if not is_open:
                reader.close()
                readers.remove(reader)
    for reader in readers:
        reader.close()


def cancel_requests(hub: Hub, stop: threading.Event) -> None:
    """Requests the extremes of each field in turn and disconnects before the response arrives."""
    for number in range(CANCELLED_REQUESTS):
        path = f"/api/v1/topics/large/history?from=1&points=100&field=f{number % FIELDS}"
        with suppress(OSError):
            client = connect(hub, ABUSER, path)
            time.sleep(CANCEL_AFTER)
            client.close()
        if stop.is_set():
            return


@dataclass
class Observation:
    """What the well-behaved client measured in one scenario."""

    name: str
    seconds: dict[str, list[float]]
    refused: int
    reloads: list[float]
    cpu: float


def cpu_seconds(hub: Hub) -> float:
    """CPU time the hub has used so far, over all cores."""
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    name: str,
    hub: Hub,
    abuse: Callable[[Hub, threading.Event], None] | None,
    seconds: float,
) -> Observation:
    """Sends the queries in turn for about `seconds`; a round that has started is completed."""
    stop = threading.Event()
    before = cpu_seconds(hub)
    abusing = abuse and threading.Thread(target=abuse, args=(hub, stop))
    if abusing:
        abusing.start()
        # By then the slow readers are connected and the first requests have been cancelled.
        time.sleep(1.0)
    observation = Observation(name, {what: [] for what in QUERIES}, 0, [], 0.0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for what, path in QUERIES.items():
            took, status = request(hub, path)
            observation.seconds[what].append(took)
            observation.refused += status != 200
        observation.reloads.append(hub.reload())
    observation.cpu = cpu_seconds(hub) - before
    stop.set()
    if abusing:
        abusing.join()
    return observation


def percentile(share: float, values: list[float]) -> float:
    """The value that a fraction `share` of `values` does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def print_table(observations: list[Observation]) -> None:
    """Prints a row for each scenario and query."""
    print(f"{'scenario':<24}{'asked':<18}{'count':>6}{'p50':>10}{'p99':>10}{'max':>10}")
    for observation in observations:
        rows = [*observation.seconds.items(), ("SIGHUP", observation.reloads)]
        for what, seconds in rows:
            quantiles = (percentile(0.5, seconds), percentile(0.99, seconds), max(seconds))
            figures = "".join(f"{value:>10.4f}" for value in quantiles)
            print(f"{observation.name:<24}{what:<18}{len(seconds):>6}{figures}")
        print(f"{observation.name:<24}responses other than 200: {observation.refused}, hub CPU: {observation.cpu:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/tickcast"))
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each scenario")
    parser.add_argument("--records", type=int, default=1_000_000, help="records in the large dataset")
    arguments = parser.parse_args()
    scenarios: list[tuple[str, Callable[[Hub, threading.Event], None] | None]] = [
        ("quiet", None),
        ("64 slow readers", read_slowly),
        ("399 cancelled requests", cancel_requests),
    ]
    observations = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_datasets(folder, arguments.records)
        for scenario, abuse in scenarios:
            with running(arguments.binary.resolve(), folder) as hub:
                observations.append(measure(scenario, hub, abuse, arguments.seconds))
    print_table(observations)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AbuseError as error:
        sys.exit(f"history_abuse: {error}")
