"""Counts the hub's system calls per delivery with `strace -c`.

strace makes every call more expensive, so this is a separate run with few viewers; the counts do not depend on the
machine. Deliveries are read from the hub's metrics after strace has attached and after it has detached.
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
from rig.processes import SERVER_CORE, RigError, Program, wait_for
from rig.servers import Server, hub

# Few enough that the hub keeps up on one core although strace stops it twice per call.
VIEWERS = 200
WATCHED_SECONDS = 8.0
# Time for strace to attach to each thread and detach again.
SPARE_SECONDS = 3.0
HTTP_SECONDS = 5.0

# A line of the summary: % time, seconds, µs per call, calls, errors if any, name.
LINE = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Calls:
    """System calls by name, and the deliveries in the same time."""

    by_name: dict[str, int]
    deliveries: int

    @property
    def per_delivery(self) -> float:
        return sum(self.by_name.values()) / self.deliveries

    def most_frequent(self, count: int) -> str:
        """The most frequent calls, with their number per delivery."""
        most = sorted(self.by_name.items(), key=lambda item: -item[1])[:count]
        return ", ".join(f"{name} {calls / self.deliveries:.4f}" for name, calls in most)


def loads() -> tuple[Load, Load]:
    """A load of bare viewers, which receive each record alone, and one of v1 viewers, which receive batches."""
    duration = WATCHED_SECONDS + SPARE_SECONDS
    bare, v1 = (Load(VIEWERS, 100, form=form, warmup=1, duration=duration) for form in ("bare", "v1"))
    return bare, v1


def seconds(load: Load) -> float:
    """The approximate length of one count."""
    return load.viewers / load.arrival + load.warmup + load.duration + 1


def count(binary: Path, load: Load, folder: Path) -> Calls:
    """Counts the calls of a hub that serves `load`, once all its viewers are live."""
    with hub(load.rate, folder, binary=binary, ops=True) as server, ThreadPoolExecutor() as threads:
        viewing = threads.submit(measure, server, load)
        # By then all viewers have joined and caught up.
        time.sleep(load.viewers / load.arrival + load.warmup)
        summary = folder / "strace.txt"
        with _watched(server, summary) as watcher:
            before = _delivered(server)
            time.sleep(WATCHED_SECONDS)
            watcher.check()
        # Read at the same point after attaching and after detaching, so that the errors at both ends cancel out.
        deliveries = _delivered(server) - before
        viewing.result()
    by_name = {name: int(calls) for calls, name in LINE.findall(summary.read_text()) if name != "total"}
    if not by_name or not deliveries:
        raise RigError(f"strace counted {sum(by_name.values())} calls for {deliveries} deliveries")
    return Calls(by_name, deliveries)


@contextmanager
def _watched(server: Server, summary: Path) -> Iterator[Program]:
    """Runs strace on every thread of the server, on its core: on another core each stop would cost a wake-up."""
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
    """Publications the hub has written to viewers' sockets so far."""
    with urlopen(f"{server.ops_url}/metrics", timeout=HTTP_SECONDS) as answer:
        text = answer.read().decode()
    totals = re.findall(r"^tickcast_delivered_total(?:\{[^}]*\})? (\d+)", text, re.MULTILINE)
    if not totals:
        raise RigError("the hub's metrics have no tickcast_delivered_total")
    return sum(map(int, totals))
