#!/usr/bin/env python3
"""Measures what records of several megabytes cost the hub and the viewers of another topic.

The hub runs on one core and so has a single lane. A hundred viewers join a topic with long records and never read;
one viewer of a topic with small records measures the lateness of each record. The table shows the hub's memory before
the viewers join, its peak afterwards, and the lateness of the small records.

Usage: benches/big_records.py [--binary FILE]… [--sizes 1,4,20,50] [--viewers 100] [--seconds 10]
"""

import argparse
import base64
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rig.processes import SERVER_CORE, RigError, Program, prepare_this_process, running, wait_for
from rig.servers import HUB
from rig.stuck import join

V1 = "Sec-WebSocket-Protocol: tickcast.v1\r\n"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"

# Records in the dataset; several, so that the stuck viewers stop in different ones.
RECORDS = 4
# Records a second of the topic with long records, and of the topic with small ones.
BIG_RATE = 2.0
SMALL_RATE = 200.0
# With this, half of what the viewers are sent is backfill and half is live.
BACKFILL = "2s"

LOOK_SECONDS = 0.05

@dataclass(frozen=True)
class Measured:
    """The result of one measurement: a row of the table."""

    binary: str
    megabytes: int
    is_deflated: bool
    rest_mib: float
    peak_mib: float
    lateness_ms: list[float]

    def row(self) -> str:
        late = sorted(self.lateness_ms)
        at = lambda part: late[min(len(late) - 1, int(part * len(late)))]  # noqa: E731
        return (
            f"| {self.binary} | {self.megabytes} MB | {'yes' if self.is_deflated else 'no'} | {self.rest_mib:.0f} MiB "
            f"| +{self.peak_mib - self.rest_mib:.1f} MiB | {at(0.5):.2f} ms | {at(0.99):.2f} ms | {late[-1]:.2f} ms |"
        )


def dataset(path: Path, megabytes: int) -> None:
    """Writes records that are expensive to compress: base64 of random bytes that repeats only beyond the window."""
    block = base64.b64encode(os.urandom(48_000)).decode()
    copies = megabytes * 1_000_000 // len(block)
    blob = block * copies
    with path.open("w") as file:
        file.write("[")
        for n in range(RECORDS):
            file.write(("," if n else "") + f'{{"n":{n},"blob":"{blob}"}}')
        file.write("]")


def configuration(folder: Path, binary: Path) -> Path:
    """Writes the configuration of the two topics; sets `record_max` if the binary knows that key."""
    path = folder / "tickcast.toml"

    def write(record_max: str) -> None:
        path.write_text(
            "[server]\nport = 0\n[ops]\nenabled = false\n[state]\ndir = \"\"\n"
            f'[topics.big]\ndataset = "big.json"\nrate = {BIG_RATE}\nbackfill = "{BACKFILL}"\n{record_max}'
            f'[topics.small]\ndataset = "small.json"\nrate = {SMALL_RATE}\ncoalesce = "0ms"\n'
        )

    write('record_max = "64MiB"\n')
    check = subprocess.run([binary, "config", "--config", path], capture_output=True, text=True, check=False)
    if "record_max: unknown key" in check.stderr + check.stdout:
        write("")
    return path


def listening(program: Program) -> str | None:
    for line in program.lines():
        if '"event":"listening"' in line and '"public"' in line:
            return str(json.loads(line)["address"])
    return None


class SmallViewer:
    """A viewer of the small records that measures how many milliseconds after its due time each one arrives."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)))
        self._socket.sendall(
            f"GET /ws/small?last=0 HTTP/1.1\r\nHost: {address}\r\n{V1}Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGlja2Nhc3Qgc3R1Y2shIQ==\r\n\r\n".encode()
        )
        self.lateness_ms: list[float] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._socket.recv(4096)
        held = held.partition(b"\r\n\r\n")[2]
        while not self._is_over.is_set():
            if not select.select([self._socket], [], [], 0.5)[0]:
                continue
            chunk = self._socket.recv(65536)
            now_us = time.time_ns() // 1000
            if not chunk:
                raise RigError("the hub closed the small viewer")
            held = self._take(held + chunk, now_us)

    def _take(self, held: bytes, now_us: int) -> bytes:
        while len(held) >= 4:
            length, at = held[1], 2
            if length == 126:
                length, at = struct.unpack(">H", held[2:4])[0], 4
            if len(held) < at + length:
                break
            payload, held = held[at : at + length], held[at + length :]
            if payload.startswith(b'{"type":"data"'):
                self.lateness_ms.append((now_us - json.loads(payload)["t"]) / 1000)
        return held


def measure(binary: Path, name: str, megabytes: int, is_deflated: bool, options: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        dataset(folder / "big.json", megabytes)
        (folder / "small.json").write_text(json.dumps([{"value": n} for n in range(100)]))
        command = [binary, "--config", configuration(folder, binary)]
        hub = stack.enter_context(running("hub", command, SERVER_CORE, folder))
        address = wait_for("address", hub, lambda: listening(hub))
        small = SmallViewer(address)
        stack.callback(small.end)
        # Lets the hub finish loading and release what it only needed for that.
        time.sleep(1.0)
        rest = hub.memory_kib("VmRSS")
        headers = V1 + (DEFLATE if is_deflated else "")
        url = f"http://{address}/ws/big?"
        until = time.monotonic() + options.seconds
        # The viewers join one by one, so that they stop in different records.
        sleepers = []
        peak = rest
        while time.monotonic() < until:
            if len(sleepers) < options.viewers:
                sleepers.append(stack.enter_context(join(url, headers)))
            peak = max(peak, hub.memory_kib("VmRSS"))
            time.sleep(min(LOOK_SECONDS, options.seconds / 2 / options.viewers))
        hub.check()
        return Measured(name, megabytes, is_deflated, rest / 1024, peak / 1024, list(small.lateness_ms))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, action="append", help=f"a build of the hub [default: {HUB}]")
    parser.add_argument("--sizes", default="1,4,20,50", help="record sizes in megabytes")
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    options = parser.parse_args()
    prepare_this_process()
    print("| binary | record | deflate | memory at rest | at most | small records: p50 | p99 | max |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for megabytes in map(int, options.sizes.split(",")):
        for is_deflated in (False, True):
            for n, binary in enumerate(options.binary or [HUB], 1):
                row = measure(binary.resolve(), str(n), megabytes, is_deflated, options).row()
                print(row, flush=True)
    for n, binary in enumerate(options.binary or [HUB], 1):
        print(f"{n}: {binary}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as failure:
        sys.exit(f"big_records: {failure}")
