"""The arithmetic of comparing two builds: ratios within pairs, their spread, and a verdict.

Pure functions, tested by `test_change.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

# With fewer pairs the spread of the control is meaningless.
VERDICT_PAIRS = 3


@dataclass(frozen=True)
class Turn:
    """One measurement of a run: which pair it belongs to, and which of the pair it is."""

    # False: the pair of the two builds. True: the control pair, in which both are the same build.
    is_control: bool
    # True for the numerator of the pair's ratio: the new build, or the second measurement of the control.
    is_after: bool


def turns(run: int) -> Iterator[Turn]:
    """Yields the four measurements of a run in order.

    The order within pairs alternates from run to run (AB, then BA), and so does the order of the two pairs: if the
    machine gets slower or faster during the runs, half of the ratios go up and the other half go down.
    """
    is_odd = run % 2 == 1
    for is_control in (False, True) if is_odd else (True, False):
        for is_after in (False, True) if is_odd else (True, False):
            yield Turn(is_control, is_after)


@dataclass(frozen=True)
class Change:
    """The change of one figure: the ratio after ÷ before of each pair, and the ratios of the control pairs."""

    ratios: Sequence[float]
    control: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.ratios)

    @property
    def is_inside(self) -> bool:
        """Whether the median change lies within the spread of the control pairs."""
        return min(self.control) <= self.median <= max(self.control)

    @property
    def verdict(self) -> str:
        if len(self.control) < VERDICT_PAIRS:
            return f"none: fewer than {VERDICT_PAIRS} pairs"
        return f"{'inside' if self.is_inside else 'outside'} the spread of A/A"


def ratios(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """Returns after ÷ before, pair by pair; 0 ÷ 0 counts as no change."""
    pairs = zip(before, after, strict=True)
    return [1.0 if one == other else other / one if one else float("inf") for one, other in pairs]
