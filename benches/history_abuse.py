#!/usr/bin/env python3
"""What another client notices of the history while it is abused, and how soon a reload answers.

A hub replays a generated dataset of a million records. Another client (127.0.0.2) asks for the newest
100 records as JSON, for 1,000 points of the whole dataset, and for 1,000 rows of CSV of another topic, in
turn, and after each round SIGHUP is sent and the answer awaited in the log. Quiet first; then while one
address (127.0.0.1) holds 64 slow readers; then while it sends 399 requests for the extremes of 40 fields,
each closed after 3 ms. Each scenario has a hub of its own and a bounded time.

Prints a table, in seconds unless it says otherwise. An answer that does not come within 90 s counts as that long.
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
# Bytes that a slow reader takes at a time, and how often; 640 a second.
SLOW_BYTES, SLOW_EVERY = 64, 0.1
GIVEN_UP = 399
GIVE_UP_AFTER = 0.003

# How long an answer or a reload is waited for, in seconds.
PATIENCE = 90.0
START_SECONDS = 120.0
END_SECONDS = 10.0

ASKED = {
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


class Failed(Exception):
    """The hub did not do what it is here for."""


@dataclass
class Hub:
    """A hub that runs, and the lines of its log."""

    process: subprocess.Popen[str]
    address: tuple[str, int] = ("", 0)
    events: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read_log(self) -> None:
        """Takes every line of the log, for as long as there is one."""
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
        """Whether `event` is in the log `count` times by then."""
        with self.changed:
            return self.changed.wait_for(lambda: self.events.count(event) >= count, seconds)

    def reload(self) -> float:
        """Seconds from SIGHUP to the answer."""
        count = self.events.count("config.reloaded")
        begin = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("config.reloaded", count + 1, PATIENCE)
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
            raise Failed("the hub does not listen")
        yield hub
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_datasets(folder: Path, records: int) -> None:
    """Records of 40 numbers in one topic, and a small one besides."""
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
    """A connection from `source` with a request for `path` on it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096 if source == ABUSER else 1 << 20)
    client.bind((source, 0))
    client.settimeout(PATIENCE)
    client.connect(hub.address)
    host = f"{hub.address[0]}:{hub.address[1]}"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    return client


def ask(hub: Hub, path: str) -> tuple[float, int]:
    """Seconds until the whole answer is there, and its status; 0 for none."""
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
    """Holds 64 long answers, and comes back with a new one for each that ends."""
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


def give_up(hub: Hub, stop: threading.Event) -> None:
    """Asks for the extremes of one field after another, and leaves before there is an answer."""
    for number in range(GIVEN_UP):
        path = f"/api/v1/topics/large/history?from=1&points=100&field=f{number % FIELDS}"
        with suppress(OSError):
            client = connect(hub, ABUSER, path)
            time.sleep(GIVE_UP_AFTER)
            client.close()
        if stop.is_set():
            return


@dataclass
class Noticed:
    """What the other client noticed in one scenario."""

    name: str
    seconds: dict[str, list[float]]
    refused: int
    reloads: list[float]
    cpu: float


def cpu_seconds(hub: Hub) -> float:
    """What the hub has used of all cores."""
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    name: str,
    hub: Hub,
    abuse: Callable[[Hub, threading.Event], None] | None,
    seconds: float,
) -> Noticed:
    """Asks in turn until the time is over, or an answer that was awaited is there."""
    stop = threading.Event()
    before = cpu_seconds(hub)
    abusing = abuse and threading.Thread(target=abuse, args=(hub, stop))
    if abusing:
        abusing.start()
        # The slow ones are there, and the first of the others have left.
        time.sleep(1.0)
    noticed = Noticed(name, {what: [] for what in ASKED}, 0, [], 0.0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for what, path in ASKED.items():
            took, status = ask(hub, path)
            noticed.seconds[what].append(took)
            noticed.refused += status != 200
        noticed.reloads.append(hub.reload())
    noticed.cpu = cpu_seconds(hub) - before
    stop.set()
    if abusing:
        abusing.join()
    return noticed


def at(share: float, values: list[float]) -> float:
    """The value that `share` of `values` do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def print_table(all_noticed: list[Noticed]) -> None:
    """A row for each scenario and question."""
    print(f"{'scenario':<24}{'asked':<18}{'count':>6}{'p50':>10}{'p99':>10}{'max':>10}")
    for noticed in all_noticed:
        rows = [*noticed.seconds.items(), ("SIGHUP", noticed.reloads)]
        for what, seconds in rows:
            figures = "".join(f"{value:>10.4f}" for value in (at(0.5, seconds), at(0.99, seconds), max(seconds)))
            print(f"{noticed.name:<24}{what:<18}{len(seconds):>6}{figures}")
        print(f"{noticed.name:<24}not answered 200: {noticed.refused}, CPU of the hub: {noticed.cpu:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/tickcast"))
    parser.add_argument("--seconds", type=float, default=30.0, help="of each scenario")
    parser.add_argument("--records", type=int, default=1_000_000, help="of the large dataset")
    given = parser.parse_args()
    scenarios: list[tuple[str, Callable[[Hub, threading.Event], None] | None]] = [
        ("quiet", None),
        ("64 slow readers", read_slowly),
        ("399 given up", give_up),
    ]
    all_noticed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_datasets(folder, given.records)
        for scenario, abuse in scenarios:
            with running(given.binary.resolve(), folder) as hub:
                all_noticed.append(measure(scenario, hub, abuse, given.seconds))
    print_table(all_noticed)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"history_abuse: {error}")
