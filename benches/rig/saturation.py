"""Searches for the highest rate at which a server still delivers every record in time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

from rig.instrument import Measured
from rig.processes import RigError

START_RATE = 50
MAX_RATE = 10_000
CLIMB = 2.0
# The search ends when the ratio of the lowest failed rate to the highest carried rate is at most this.
RESOLUTION = 1.05
P99_SECONDS = 0.250


@dataclass
class Attempt:
    """One measurement at a rate; `measured` is None if the server broke down."""

    measured: Measured | None
    missed: list[str]


@dataclass
class Limit:
    """The state of the search."""

    # The highest rate that was carried.
    best: Measured | None = None
    # The lowest rate that was missed, why, and whether the viewers' core was saturated instead of the server's.
    missed_rate: int | None = None
    missed: list[str] = field(default_factory=list)
    is_by_client: bool = False

    @property
    def carried_rate(self) -> int:
        return round(self.best.load.rate) if self.best else 0

    def next_rate(self) -> int | None:
        """The rate to try next, or None when the limit is known."""
        if self.missed_rate is None:
            climbed = min(MAX_RATE, round(self.carried_rate * CLIMB)) or START_RATE
            return climbed if climbed > self.carried_rate else None
        if self.carried_rate == 0:
            return self.missed_rate // 2 or None
        middle = round(sqrt(self.carried_rate * self.missed_rate))
        is_done = self.missed_rate / self.carried_rate <= RESOLUTION
        return None if is_done or middle in (self.carried_rate, self.missed_rate) else middle

    def record(self, rate: int, attempt: Attempt) -> None:
        if not attempt.missed:
            self.best = attempt.measured
            return
        self.missed_rate, self.missed = rate, attempt.missed
        self.is_by_client = attempt.measured is not None and attempt.measured.is_client_saturated


def find_limit(measure: Callable[[int], Measured]) -> Limit:
    """Doubles the rate until one is missed, then bisects on a logarithmic scale."""
    limit = Limit()
    while (rate := limit.next_rate()) is not None:
        attempt = _attempt(measure, rate)
        if attempt.missed:
            # Retried once: on a shared machine other work may have caused the miss.
            attempt = _attempt(measure, rate)
        limit.record(rate, attempt)
    return limit


def _attempt(measure: Callable[[int], Measured], rate: int) -> Attempt:
    try:
        measured = measure(rate)
    except RigError:
        return Attempt(None, ["breaking down"])
    return Attempt(measured, measured.unmet(P99_SECONDS))
