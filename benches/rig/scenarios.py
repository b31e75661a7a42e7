"""The scenarios of `compare.py`: the servers and loads that each one measures, and its table."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rig.instrument import Load, Measured, measure, measure_floor
from rig.pausing import Outcome, pause
from rig.peers import Peer
from rig.processes import RigError
from rig.report import Table, spread
from rig.saturation import P99_SECONDS, Limit, find_limit
from rig.servers import Server, hub, write_dataset
from rig.stuck import StuckViewers, stuck_viewers
from rig.topics import LOADS, Topics, measure_topics

Serve = Callable[[float, Path], AbstractContextManager[Server]]

STUCK_VIEWERS = 100


@dataclass
class Session:
    """One run of `compare.py`: its options, the current scenario, and every measurement so far."""

    peers: Sequence[Peer]
    runs_asked: int | None = None
    duration_asked: float | None = None
    journal: list[dict[str, Any]] = field(default_factory=list)
    scenario: str = ""
    runs: int = 1
    duration: float = 0.0

    def begin(self, scenario: "Scenario") -> None:
        self.scenario = scenario.name
        self.runs = self.runs_asked or scenario.runs
        self.duration = self.duration_asked or scenario.duration

    def load(self, load: Load) -> Load:
        return replace(load, duration=self.duration)

    def record(self, subject: str, run: int, measured: Measured, **more: object) -> Measured:
        """Adds the measurement to the journal and prints a summary."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        of = {"scenario": self.scenario, "subject": subject, "run": run, "at": at}
        self.journal.append({**of, "load": asdict(measured.load), **more, "report": measured.report})
        summary = f"{measured.cpu_us:.2f} µs a delivery, p99 {_ms(measured.latency('p99'))} ms"
        wrong = "; ".join(measured.unmet(P99_SECONDS))
        say(f"{self.scenario} {run}/{self.runs} {subject:<10} {measured.load}: {summary} {wrong}")
        return measured


def say(line: str) -> None:
    print(line.rstrip(), file=sys.stderr, flush=True)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tickcast-bench-") as name:
        yield Path(name)


def _measure(serve: Serve, load: Load) -> Measured:
    with _folder() as folder, serve(load.rate, folder) as server:
        return measure(server, load)


def _measure_floor(load: Load) -> Measured:
    with _folder() as folder:
        return measure_floor(load, write_dataset(folder, load.rate))


def _of_hub_and_floor(session: Session, hub_load: Load, floor_load: Load, run: int) -> tuple[Measured, Measured]:
    of_hub = session.record("hub", run, _measure(hub, session.load(hub_load)))
    of_floor = session.record("floor", run, _measure_floor(session.load(floor_load)))
    return of_hub, of_floor


def _ratio_row(name: str, pairs: Sequence[tuple[Measured, Measured]]) -> list[str]:
    ratios = (of_hub.cpu_us / of_floor.cpu_us for of_hub, of_floor in pairs)
    each = (spread(pair[at].cpu_us for pair in pairs) for at in (0, 1))
    # A server that falls behind sends more per system call, so its CPU time per delivery is not comparable then.
    short = sum(bool(measured.unmet(P99_SECONDS)) for pair in pairs for measured in pair)
    return [name, *each, spread(ratios), f"{short} of {2 * len(pairs)}"]


# === the scenarios ===


def cpu(session: Session) -> Table:
    loads = (Load(5000, 10), Load(1000, 100))
    runs = range(1, session.runs + 1)
    pairs = [[_of_hub_and_floor(session, load, load, run) for load in loads] for run in runs]
    rows = [_ratio_row(str(load), column) for load, column in zip(loads, zip(*pairs, strict=True), strict=True)]
    header = ("load", "hub, µs", "floor, µs", "hub ÷ floor", "runs that fell behind")
    return Table("CPU per delivery", header, rows)


def coalescing(session: Session) -> Table:
    load, alone = Load(1000, 100, form="v1"), Load(1000, 100)
    pairs = [_of_hub_and_floor(session, load, alone, run) for run in range(1, session.runs + 1)]
    header = ("load", "hub, µs", "floor, each record alone, µs", "hub ÷ floor", "runs that fell behind")
    return Table("CPU per record with coalescing", header, [_ratio_row(str(load), pairs)])


def saturation(session: Session) -> Table:
    subjects: dict[str, Callable[[Load], Measured]] = {
        "hub": partial(_measure, hub),
        "floor": _measure_floor,
        **{peer.name: partial(_measure, peer.serve) for peer in session.peers},
    }
    limits: dict[str, list[Limit]] = {name: [] for name in subjects}
    for run in range(1, session.runs + 1):
        for name, measure_one in subjects.items():
            limits[name].append(find_limit(partial(_step, session, name, run, measure_one)))
    header = ("server", "deliveries/s", "p99, ms", "CPU, µs", "core used", "gave out by")
    rows = [_limit_row(name, found) for name, found in limits.items()]
    return Table("Most deliveries a second from one core to 1,000 viewers", header, rows)


def _step(session: Session, name: str, run: int, measure_one: Callable[[Load], Measured], rate: int) -> Measured:
    try:
        return session.record(name, run, measure_one(session.load(Load(1000, rate))))
    except RigError as failure:
        # The search counts this as a missed rate and drops the reason, so it is printed here.
        say(f"{session.scenario} {run}/{session.runs} {name:<10} {rate}/s: {failure}")
        raise


def _limit_row(name: str, limits: Sequence[Limit]) -> list[str]:
    best = [limit.best for limit in limits if limit.best]
    last = limits[-1]
    why = "the viewers' core" if last.is_by_client else ", ".join(last.missed) or "nothing"
    if len(best) < len(limits):
        return [name, "none", "", "", "", why]
    return [
        name,
        spread((found.deliveries_per_second for found in best), 0),
        spread((found.latency("p99") * 1000 for found in best), 1),
        spread(found.cpu_us for found in best),
        spread(found.cpu_share for found in best),
        why,
    ]


def memory(session: Session) -> Table:
    load = session.load(Load(10_000, 1))
    found = [session.record("hub", run, _measure(hub, load)) for run in range(1, session.runs + 1)]
    rows = [[str(load), spread(measured.memory_kib for measured in found)]]
    return Table("Resident memory per idle viewer", ("load", "hub, KiB"), rows)


def many(session: Session) -> Table:
    load = session.load(Load(15_000, 1))
    found = [session.record("hub", run, _measure(hub, load)) for run in range(1, session.runs + 1)]
    return Table(
        "Many viewers",
        ("load", *LATENCY_HEADER, *COST_HEADER),
        [[str(load), *_latency_cells(found), *_cost_cells(found)]],
    )


def stuck(session: Session) -> Table:
    load = session.load(Load(5000, 10))
    without, among, gone = [], [], []
    for run in range(1, session.runs + 1):
        without.append(session.record("hub", run, _measure(hub, load)))
        measured, viewers = _measure_among_stuck(load)
        among.append(session.record("hub, stuck", run, measured, disconnected=viewers.disconnected))
        gone.append(viewers)
    header = ("viewers that never read", *LATENCY_HEADER, *COST_HEADER)
    rows = [
        ["none", *_latency_cells(without), *_cost_cells(without)],
        [f"{STUCK_VIEWERS} more", *_latency_cells(among), *_cost_cells(among)],
    ]
    title = f"Viewers that never read, among {load}; disconnected: {_disconnections(gone)}"
    return Table(title, header, rows)


def _measure_among_stuck(load: Load) -> tuple[Measured, StuckViewers]:
    with _folder() as folder, hub(load.rate, folder) as server, stuck_viewers(server.url, STUCK_VIEWERS) as viewers:
        return measure(server, load), viewers


def _disconnections(runs: Sequence[StuckViewers]) -> str:
    after = [seconds for viewers in runs for seconds in viewers.disconnected]
    count = f"{len(after)} of {sum(viewers.count for viewers in runs)}"
    return f"{count}, after {spread(after, 1)} s" if after else count


# A fixed start far in the past, so that every hub of a run has the same history.
ANCHORED = 'start = "2024-01-01T00:00:00Z"\n'


def rush(session: Session) -> Table:
    """Measures thousands of viewers joining at once, each with 30 s of backfill, while others are live."""
    live = session.load(Load(500, 100, form="v1"))
    joiners = Load(5000, 100, form="v1", ask="", arrival=2500, warmup=5, duration=2)
    alone, among, rushed, peaks = [], [], [], []
    for run in range(1, session.runs + 1):
        with _folder() as folder, hub(live.rate, folder, ANCHORED) as server:
            alone.append(session.record("hub", run, measure(server, live)))
            before = server.program.memory_kib("VmRSS")
            with ThreadPoolExecutor() as threads:
                of_live = threads.submit(measure, server, live)
                time.sleep(live.warmup + live.duration / 4)
                rushed.append(session.record("joiners", run, measure(server, joiners)))
                among.append(session.record("hub, rush", run, of_live.result()))
            peaks.append((before, server.program.memory_kib("VmHWM")))
    caught_up = spread((measured.caught_up for measured in rushed), 1)
    peak = spread((after / 1024 for _, after in peaks), 1)
    title = f"{joiners.viewers:,} joiners with 30 s each; all caught up after {caught_up} s, peak memory {peak} MiB"
    rows = [
        ["live, without joiners", *_latency_cells(alone), *_cost_cells(alone)],
        ["live, with joiners", *_latency_cells(among), *_cost_cells(among)],
    ]
    return Table(title, ("500 v1 × 100/s", *LATENCY_HEADER, *COST_HEADER), rows)


def pausing(session: Session) -> Table:
    """Measures a viewer that stops reading for 10 s among others, for each `max_lag` and `slow` policy."""
    load = session.load(Load(200, 1000, form="v1"))
    rows = [_pause_row(session, load, max_lag, slow) for max_lag in ("5s", "30s") for slow in ("skip", "disconnect")]
    header = ("max_lag, slow", "p99 alone, ms", "p99 with it, ms", "lost by the others", "memory grew, KiB", "it got")
    return Table(f"One that does not read for 10 s, among {load}", header, rows)


def _pause_row(session: Session, load: Load, max_lag: str, slow: str) -> list[str]:
    alone, among, grown, outcomes = [], [], [], []
    topic = f'max_lag = "{max_lag}"\nslow = "{slow}"\n'
    for run in range(1, session.runs + 1):
        with _folder() as folder, hub(load.rate, folder, topic) as server:
            alone.append(session.record(f"{max_lag} {slow}", run, measure(server, load)))
            with ThreadPoolExecutor() as threads:
                of_others = threads.submit(measure, server, load)
                time.sleep(load.warmup)
                before = server.program.memory_kib("VmRSS")
                of_pausing = threads.submit(pause, server.url, 2.0, 10.0, load.duration - 13.0)
                grown.append(_most_memory(server, of_pausing) - before)
                outcomes.append(str(of_pausing.result()))
                among.append(session.record(f"{max_lag} {slow}, one pauses", run, of_others.result()))
    return [
        f"{max_lag}, {slow}",
        *(spread((measured.latency("p99") * 1000 for measured in found), 1) for found in (alone, among)),
        spread((measured.lost for measured in among), 0),
        spread(grown, 0),
        "; ".join(outcomes),
    ]


def _most_memory(server: Server, until: Future[Outcome]) -> int:
    """The server's peak memory until `until` is done, in KiB."""
    most = server.program.memory_kib("VmRSS")
    while not until.done():
        time.sleep(0.1)
        most = max(most, server.program.memory_kib("VmRSS"))
    return most


def topics(session: Session) -> Table:
    """Measures many topics without viewers: the lateness of each topic, and the number of threads."""
    runs = range(1, session.runs + 1)
    found = {load: [_measure_topics(session, load, run) for run in runs] for load in LOADS}
    names = list(found[LOADS[0]][0])
    rows = [[str(load), *(spread((run[name] for run in each), 3) for name in names)] for load, each in found.items()]
    return Table("Many topics", ("load", *names), rows)


def _measure_topics(session: Session, load: Topics, run: int) -> dict[str, float]:
    with _folder() as folder:
        figures = measure_topics(load, session.duration, folder)
    session.journal.append({"scenario": session.scenario, "load": str(load), "run": run, "figures": figures})
    summary = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
    say(f"{session.scenario} {run}/{session.runs} {load}: {summary}")
    return figures


LATENCY_HEADER = ("p50, ms", "p99, ms", "max, ms", "spread p99, ms")
COST_HEADER = ("lost", "held back", "disconnected", "CPU, µs", "core used")


def _latency_cells(found: Sequence[Measured]) -> list[str]:
    names = ("p50", "p99", "max")
    latencies = ([measured.latency(name) for measured in found] for name in names)
    spreads = [measured.spread for measured in found]
    return [spread((seconds * 1000 for seconds in column), 1) for column in (*latencies, spreads)]


def _cost_cells(found: Sequence[Measured]) -> list[str]:
    return [
        spread((measured.lost for measured in found), 0),
        spread((measured.held_back for measured in found), 0),
        spread((measured.disconnected for measured in found), 0),
        spread(measured.cpu_us for measured in found),
        spread(measured.cpu_share for measured in found),
    ]


@dataclass(frozen=True)
class Scenario:
    """A scenario: its name on the command line, and the default number and length of its runs."""

    name: str
    run: Callable[[Session], Table]
    runs: int
    duration: float


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("cpu", cpu, runs=5, duration=20),
    Scenario("coalescing", coalescing, runs=5, duration=20),
    Scenario("saturation", saturation, runs=1, duration=20),
    Scenario("memory", memory, runs=3, duration=20),
    Scenario("many", many, runs=1, duration=60),
    Scenario("rush", rush, runs=3, duration=20),
    Scenario("pausing", pausing, runs=3, duration=20),
    Scenario("topics", topics, runs=3, duration=10),
    # Long enough for the kernel to drop a viewer that has not read for 30 s.
    Scenario("stuck", stuck, runs=3, duration=60),
)
