"""System calls of a hub for each delivery, as `strace -c` counts them while viewers are served.

strace makes each call dearer, so this is a run of its own with few viewers; what it counts does not depend on the
machine. Deliveries are the hub's own count, read from its metrics when strace has begun and when it has let go.
"""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from rig.instrument import Load, measure
from rig.processes import SERVER_CORE, Failed, Program, wait_for
from rig.servers import Server, hub

# Few enough that a hub whose every call is stopped twice still keeps up on one core.
VIEWERS = 200
WATCHED_SECONDS = 8.0
# strace attaches to each thread in turn, and lets go of each again.
SPARE_SECONDS = 3.0
HTTP_SECONDS = 5.0

# A line of the summary: % time, seconds, µs per call, calls, errors if any, name.
LINE = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Calls:
    """What the hub asked of the kernel, and what it delivered by it."""

    by_name: dict[str, int]
    deliveries: int

    @property
    def per_delivery(self) -> float:
        return sum(self.by_name.values()) / self.deliveries

    def most_frequent(self, count: int) -> str:
        """The calls that there are most of, each by the delivery."""
        most = sorted(self.by_name.items(), key=lambda item: -item[1])[:count]
        return ", ".join(f"{name} {calls / self.deliveries:.4f}" for name, calls in most)


def loads() -> tuple[Load, Load]:
    """Bare viewers, who are sent each record alone, and v1 viewers, who are sent them together."""
    duration = WATCHED_SECONDS + SPARE_SECONDS
    bare, v1 = (Load(VIEWERS, 100, form=form, warmup=1, duration=duration) for form in ("bare", "v1"))
    return bare, v1


def seconds(load: Load) -> float:
    """About how long one count takes."""
    return load.viewers / load.arrival + load.warmup + load.duration + 1


def count(binary: Path, load: Load, folder: Path) -> Calls:
    """The calls of a hub that serves `load`, once all its viewers are live."""
    with hub(load.rate, folder, binary=binary, ops=True) as server, ThreadPoolExecutor() as threads:
        viewing = threads.submit(measure, server, load)
        # All viewers have joined, and been sent what lies between their joining and being live.
        time.sleep(load.viewers / load.arrival + load.warmup)
        summary = folder / "strace.txt"
        with _watched(server, summary) as watcher:
            before = _delivered(server)
            time.sleep(WATCHED_SECONDS)
            watcher.check()
        # Read at the same point of both ends, so that what either misses makes up for the other.
        deliveries = _delivered(server) - before
        viewing.result()
    by_name = {name: int(calls) for calls, name in LINE.findall(summary.read_text()) if name != "total"}
    if not by_name or not deliveries:
        raise Failed(f"strace counted {sum(by_name.values())} calls for {deliveries} deliveries")
    return Calls(by_name, deliveries)


@contextmanager
def _watched(server: Server, summary: Path) -> Iterator[Program]:
    """strace on every thread of the server, on the server's core: across cores each stop would cost a wake-up more."""
    log = summary.with_suffix(".log")
    command = ["taskset", "--cpu-list", SERVER_CORE, "strace", "-f", "-c", "-o", summary, "-p", server.pid]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "INT", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    watcher = Program("strace", process, log)
    try:
        wait_for("thread that is watched", watcher, lambda: "attached" in log.read_text() or None)
        yield watcher
    finally:
        # On SIGINT strace detaches from the server and writes its counts.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            watcher.end()


def _delivered(server: Server) -> int:
    """Publications that the hub has given to viewers' sockets so far."""
    with urlopen(f"{server.ops_url}/metrics", timeout=HTTP_SECONDS) as answer:
        text = answer.read().decode()
    totals = re.findall(r"^tickcast_delivered_total(?:\{[^}]*\})? (\d+)", text, re.MULTILINE)
    if not totals:
        raise Failed("the hub's metrics have no tickcast_delivered_total")
    return sum(map(int, totals))
