"""The most that a server carries: the highest rate at which every record still arrives in time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

from rig.instrument import Measured
from rig.processes import Failed

START_RATE = 50
MAX_RATE = 10_000
CLIMB = 2.0
# The search ends when a rate that is carried and one that is not are no further apart than this.
RESOLUTION = 1.05
P99_SECONDS = 0.250


@dataclass
class Try:
    """One measurement at a rate: a server that breaks under it has missed it too."""

    measured: Measured | None
    missed: list[str]


@dataclass
class Limit:
    """What the search has found so far."""

    # The highest rate that was carried.
    best: Measured | None = None
    # The lowest that was not, why, and whether it was the viewers' core and not the server that gave out.
    missed_rate: int | None = None
    missed: list[str] = field(default_factory=list)
    is_by_client: bool = False

    @property
    def carried_rate(self) -> int:
        return round(self.best.load.rate) if self.best else 0

    def next_rate(self) -> int | None:
        """The rate to try next; None when the limit is known."""
        if self.missed_rate is None:
            climbed = min(MAX_RATE, round(self.carried_rate * CLIMB)) or START_RATE
            return climbed if climbed > self.carried_rate else None
        if self.carried_rate == 0:
            return self.missed_rate // 2 or None
        middle = round(sqrt(self.carried_rate * self.missed_rate))
        is_done = self.missed_rate / self.carried_rate <= RESOLUTION
        return None if is_done or middle in (self.carried_rate, self.missed_rate) else middle

    def note(self, rate: int, tried: Try) -> None:
        if not tried.missed:
            self.best = tried.measured
            return
        self.missed_rate, self.missed = rate, tried.missed
        self.is_by_client = tried.measured is not None and tried.measured.is_client_saturated


def find_limit(measure: Callable[[int], Measured]) -> Limit:
    """Climbs in large steps to the first rate that is missed, then halves the gap in ratio."""
    limit = Limit()
    while (rate := limit.next_rate()) is not None:
        tried = _try(measure, rate)
        if tried.missed:
            # Once more: on a shared machine one miss may be somebody else's doing.
            tried = _try(measure, rate)
        limit.note(rate, tried)
    return limit


def _try(measure: Callable[[int], Measured], rate: int) -> Try:
    try:
        measured = measure(rate)
    except Failed:
        return Try(None, ["breaking down"])
    return Try(measured, measured.unmet(P99_SECONDS))
