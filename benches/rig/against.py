"""Compares two builds of the hub: this tree's and the one given by `--against`.

A run measures a pair of the two builds and a control pair of this tree's build with itself (A/A), in the order given by
`rig.change.turns`. The spread of the control pairs is the noise of the machine; a real change lies outside it.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rig import syscalls
from rig.change import Change, Turn, ratios, turns
from rig.instrument import Load, Measured, measure
from rig.report import Table, spread
from rig.saturation import P99_SECONDS
from rig.scenarios import say
from rig.servers import HUB, hub
from rig.topics import LOADS, Topics, measure_topics

# With seven runs, a single unlucky one decides neither the median nor the spread.
RUNS = 7
# Seconds of one measurement; short, so that many pairs fit into a quarter of an hour in which the machine is quiet.
DURATION = 8.0
WARMUP = 2.0
# Viewers joining per second; the warm-up covers the load that this causes.
ARRIVAL = 2500
# Estimated time to start and stop the hub around a measurement.
OVERHEAD_SECONDS = 1.0

LABELS = {
    Turn(is_control=False, is_after=False): "before",
    Turn(is_control=False, is_after=True): "after",
    Turn(is_control=True, is_after=False): "control 1",
    Turn(is_control=True, is_after=True): "control 2",
}


@dataclass(frozen=True)
class Sample:
    """One measurement of one build: its figures by name and unit, the full report, and the problems found."""

    figures: dict[str, float]
    report: dict[str, Any] = field(repr=False)
    wrong: Sequence[str] = ()


@dataclass(frozen=True)
class Subject:
    """One comparison: a load of a scenario, how to measure a build under it, and roughly how long that takes."""

    scenario: str
    load: str
    measure: Callable[[Path, Path], Sample]
    seconds: float


def _under_load(scenario: str, load: Load, figures: Callable[[Measured], dict[str, float]]) -> Subject:
    def measure_one(binary: Path, folder: Path) -> Sample:
        with hub(load.rate, folder, binary=binary) as server:
            measured = measure(server, load)
        return Sample(figures(measured), measured.report, measured.unmet(P99_SECONDS))

    seconds = load.viewers / load.arrival + load.warmup + load.duration + OVERHEAD_SECONDS
    return Subject(scenario, str(load), measure_one, seconds)


def _of_topics(topics: Topics, duration: float) -> Subject:
    def measure_one(binary: Path, folder: Path) -> Sample:
        figures = measure_topics(topics, duration, folder, binary)
        return Sample(figures, figures)

    # Twice the duration: the first set of statistics covers the start and is discarded.
    return Subject("topics", str(topics), measure_one, 2 * duration + OVERHEAD_SECONDS)


def _cpu(measured: Measured) -> dict[str, float]:
    return {"CPU a delivery, µs": measured.cpu_us}


def _memory(measured: Measured) -> dict[str, float]:
    return {"memory a viewer, KiB": measured.memory_kib}


def _subjects(duration: float) -> list[Subject]:
    def load(viewers: int, rate: float, form: str = "bare") -> Load:
        return Load(viewers, rate, form=form, arrival=ARRIVAL, warmup=WARMUP, duration=duration)

    return [
        _under_load("cpu", load(5000, 10), _cpu),
        _under_load("cpu", load(1000, 100), _cpu),
        _under_load("coalescing", load(1000, 100, "v1"), _cpu),
        _under_load("memory", load(10_000, 1), _memory),
        *(_of_topics(topics, duration) for topics in LOADS),
    ]


SCENARIOS = tuple(dict.fromkeys(subject.scenario for subject in _subjects(DURATION)))
DEFAULT_SCENARIOS = ("cpu", "coalescing")


@dataclass
class Comparison:
    """One run of `compare.py --against`: its options, and every measurement so far."""

    before: Path
    scenarios: Sequence[str]
    runs: int = RUNS
    duration: float = DURATION
    with_syscalls: bool = True
    journal: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> list[Table]:
        subjects = [subject for subject in _subjects(self.duration) if subject.scenario in self.scenarios]
        say(f"about {self._seconds(subjects) / 60:.0f} minutes: {self.runs} pairs and as many of A/A for each load")
        samples: dict[tuple[Subject, Turn], list[Sample]] = {}
        for run in range(1, self.runs + 1):
            for subject in subjects:
                for turn in turns(run):
                    samples.setdefault((subject, turn), []).append(self._measure(subject, turn, run))
        tables = [_changes(subjects, samples)]
        if self.with_syscalls:
            tables.append(self._count_syscalls())
        return tables

    def _binary(self, turn: Turn) -> Path:
        return HUB if turn.is_control or turn.is_after else self.before

    def _measure(self, subject: Subject, turn: Turn, run: int) -> Sample:
        with tempfile.TemporaryDirectory(prefix="tickcast-bench-") as folder:
            sample = subject.measure(self._binary(turn), Path(folder))
        of = {"scenario": subject.scenario, "load": subject.load, "subject": LABELS[turn], "run": run}
        self.journal.append({**of, "figures": sample.figures, "wrong": sample.wrong, "report": sample.report})
        summary = ", ".join(f"{name} {value:.2f}" for name, value in sample.figures.items())
        wrong = "; ".join(sample.wrong)
        say(f"{subject.scenario} {run}/{self.runs} {LABELS[turn]:<9} {subject.load}: {summary} {wrong}")
        return sample

    def _count_syscalls(self) -> Table:
        rows = []
        for load in syscalls.loads():
            found = []
            for name, binary in (("before", self.before), ("after", HUB)):
                with tempfile.TemporaryDirectory(prefix="tickcast-bench-") as folder:
                    calls = syscalls.count(binary, load, Path(folder))
                say(f"system calls, {name:<6} {load}: {calls.per_delivery:.4f} a delivery")
                self.journal.append({"scenario": "syscalls", "load": str(load), "subject": name, **asdict(calls)})
                found.append(calls)
            before, after = found
            change = f"{after.per_delivery / before.per_delivery:.3f}"
            most = [f"{calls.per_delivery:.4f}: {calls.most_frequent(3)}" for calls in found]
            rows.append([str(load), *most, change])
        return Table("System calls a delivery", ("load", "before", "after", "after ÷ before"), rows)

    def _seconds(self, subjects: Sequence[Subject]) -> float:
        pairs = self.runs * sum(4 * subject.seconds for subject in subjects)
        counts = sum(2 * syscalls.seconds(load) for load in syscalls.loads()) if self.with_syscalls else 0
        return pairs + counts


def _changes(subjects: Sequence[Subject], samples: dict[tuple[Subject, Turn], list[Sample]]) -> Table:
    header = ("load", "figure", "before", "after", "after ÷ before", "A/A", "median change", "runs that fell behind")
    rows = [row for subject in subjects for row in _rows({turn: samples[subject, turn] for turn in LABELS}, subject)]
    return Table("Before and after", header, rows)


def _rows(samples: dict[Turn, list[Sample]], subject: Subject) -> list[list[str]]:
    before, after, first, second = (samples[turn] for turn in LABELS)
    rows = []
    for name in before[0].figures:
        values = [[sample.figures[name] for sample in found] for found in (before, after, first, second)]
        change = Change(ratios(*values[:2]), ratios(*values[2:]))
        all_of_them = [sample for found in samples.values() for sample in found]
        short = sum(bool(sample.wrong) for sample in all_of_them)
        cells = [spread(values[0]), spread(values[1]), spread(change.ratios, 3), spread(change.control, 3)]
        rows.append([subject.load, name, *cells, change.verdict, f"{short} of {len(all_of_them)}"])
    return rows
