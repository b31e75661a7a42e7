"""Measures how late many topics on one hub are published, and how many threads that takes.

There are no viewers, so only publishing is measured, and the hub may use both cores, as in normal operation. The
lateness of each topic comes from the hub's own `hub.stats` events.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.processes import CLIENT_CORE, SERVER_CORE, RigError, Program
from rig.servers import hub_of, write_records

# Few, because each topic loads its own copy of the dataset.
RECORDS = 100
# What the start may take beyond the measurement.
START_SECONDS = 15.0


@dataclass(frozen=True)
class Topics:
    """A load of `count` topics with the same rate."""

    count: int
    rate: float
    # Whether the topics' records are due at the same instants, or spread over the period.
    at_once: bool

    def __str__(self) -> str:
        return f"{self.count:,} topics × {self.rate:g}/s, {'at the same instants' if self.at_once else 'spread'}"

    def settings(self) -> str:
        """The topics' tables in the configuration."""
        return "".join(self._topic(number) for number in range(self.count))

    def _topic(self, number: int) -> str:
        # Spreads the starts evenly over one period.
        microseconds = 0 if self.at_once else round(number * 1_000_000 / self.rate / self.count)
        seconds, fraction = divmod(microseconds, 1_000_000)
        start = f"2024-01-01T00:00:{seconds:02}.{fraction:06}Z"
        return f"[topics.t{number}]\ndataset = 'dataset.json'\nrate = {float(self.rate)}\nstart = '{start}'\n"


LOADS = (
    Topics(1000, 1, at_once=False),
    Topics(1000, 1, at_once=True),
    Topics(10, 1000, at_once=True),
)


def measure_topics(topics: Topics, seconds: float, folder: Path, binary: Path | None = None) -> dict[str, float]:
    """Measures lateness in ms, the number of threads, and the fraction of one core that the hub used."""
    write_records(folder, RECORDS)
    every = round(seconds * 1000)
    cores = f"{SERVER_CORE},{CLIENT_CORE}"
    settings = topics.settings()
    with hub_of(settings, folder, binary=binary, cores=cores, stats_every=f"{every}ms") as server:
        program = server.program
        # The first set of statistics covers the start, which is not measured.
        first = _stats(program, topics.count, 1, seconds)
        threads, began = len(list(Path(f"/proc/{server.pid}/task").iterdir())), _cpu_seconds(program)
        second = _stats(program, topics.count, 2, seconds)
        used = _cpu_seconds(program) - began
    if any(stats["published_total"] <= before["published_total"] for before, stats in zip(first, second, strict=True)):
        raise RigError(f"{topics}: some topics are not published")
    p50, p99 = (sorted(float(stats[f"lateness_{name}_seconds"]) * 1000 for stats in second) for name in ("p50", "p99"))
    return {
        "lateness p50, ms": median(p50),
        # The 99th percentile over the topics' own 99th percentiles.
        "lateness p99, ms": p99[len(p99) * 99 // 100],
        "threads": threads,
        "core used": used / seconds,
    }


def _stats(program: Program, count: int, nth: int, seconds: float) -> Sequence[dict[str, float]]:
    """Waits for the nth set of statistics and returns it, one entry per topic."""
    until = time.monotonic() + seconds + START_SECONDS
    # Polling sooner would only take CPU time from the hub.
    time.sleep(seconds * 0.9)
    while time.monotonic() < until:
        time.sleep(0.5)
        program.check()
        lines = [line for line in program.lines() if '"event":"hub.stats"' in line and line.endswith("}")]
        if len(lines) >= count * nth:
            return [json.loads(line) for line in lines[count * (nth - 1) : count * nth]]
    raise RigError(f"{program.name}: no statistics for all {count} topics")


def _cpu_seconds(program: Program) -> float:
    threads = Path(f"/proc/{program.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
