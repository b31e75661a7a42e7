"""Many topics on one hub: how late they are published, and by how many threads.

Without viewers, so that the schedule alone is measured, and with both cores, as a hub has them that nobody measures.
The figures are the hub's own: `hub.stats` has the lateness of each topic.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rig.processes import CLIENT_CORE, SERVER_CORE, Failed, Program
from rig.servers import hub_of, write_records

# Each topic reads them by itself.
RECORDS = 100
# What the start may take beyond the measurement.
START_SECONDS = 15.0


@dataclass(frozen=True)
class Topics:
    """So many topics at that rate each."""

    count: int
    rate: float
    # Whether their records are due at the same instants, as in topics that begin together, or at different ones.
    at_once: bool

    def __str__(self) -> str:
        return f"{self.count:,} topics × {self.rate:g}/s, {'at the same instants' if self.at_once else 'spread'}"

    def settings(self) -> str:
        """Their tables in the configuration."""
        return "".join(self._topic(number) for number in range(self.count))

    def _topic(self, number: int) -> str:
        # Spread over the period, to the microsecond.
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
    """Lateness in ms, threads, and the part of one core that the hub used."""
    write_records(folder, RECORDS)
    every = round(seconds * 1000)
    cores = f"{SERVER_CORE},{CLIENT_CORE}"
    settings = topics.settings()
    with hub_of(settings, folder, binary=binary, cores=cores, stats_every=f"{every}ms") as server:
        program = server.program
        # The first numbers cover the start, which is not measured.
        first = _stats(program, topics.count, 1, seconds)
        threads, began = len(list(Path(f"/proc/{server.pid}/task").iterdir())), _cpu_seconds(program)
        second = _stats(program, topics.count, 2, seconds)
        used = _cpu_seconds(program) - began
    if any(stats["published_total"] <= before["published_total"] for before, stats in zip(first, second, strict=True)):
        raise Failed(f"{topics}: some are not published")
    p50, p99 = (sorted(float(stats[f"lateness_{name}_seconds"]) * 1000 for stats in second) for name in ("p50", "p99"))
    return {
        "lateness p50, ms": median(p50),
        # Of the topics' own, that which one topic in a hundred is above.
        "lateness p99, ms": p99[len(p99) * 99 // 100],
        "threads": threads,
        "core used": used / seconds,
    }


def _stats(program: Program, count: int, nth: int, seconds: float) -> Sequence[dict[str, float]]:
    """The nth numbers of every topic, in their order, as soon as they are there."""
    until = time.monotonic() + seconds + START_SECONDS
    # Looking sooner would only take a core from the hub.
    time.sleep(seconds * 0.9)
    while time.monotonic() < until:
        time.sleep(0.5)
        program.check()
        lines = [line for line in program.lines() if '"event":"hub.stats"' in line and line.endswith("}")]
        if len(lines) >= count * nth:
            return [json.loads(line) for line in lines[count * (nth - 1) : count * nth]]
    raise Failed(f"{program.name}: no numbers of all {count} topics")


def _cpu_seconds(program: Program) -> float:
    threads = Path(f"/proc/{program.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
