"""The arithmetic of two builds side by side: ratios within pairs, their spread, and a verdict.

Pure, so that `test_change.py` can hold it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

# With fewer pairs the spread of the control says nothing.
VERDICT_PAIRS = 3


@dataclass(frozen=True)
class Turn:
    """One measurement of a run: which pair it belongs to, and which of the pair it is."""

    # The pair of two builds, or the control pair, in which both are the same build.
    is_control: bool
    # The numerator of the pair's ratio: the new build, or the control's second label.
    is_after: bool


def turns(run: int) -> Iterator[Turn]:
    """The four measurements of a run in their order.

    Within pairs the order alternates from run to run, AB and then BA, and so does the order of the two pairs: a
    machine that gets slower or faster in the meantime pushes half of the ratios up and the other half down.
    """
    is_odd = run % 2 == 1
    for is_control in (False, True) if is_odd else (True, False):
        for is_after in (False, True) if is_odd else (True, False):
            yield Turn(is_control, is_after)


@dataclass(frozen=True)
class Change:
    """What became of one figure: its ratio after ÷ before in each pair, and the same of the control's pairs."""

    ratios: Sequence[float]
    control: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.ratios)

    @property
    def is_inside(self) -> bool:
        """Whether the median change is no greater than what the same build shows beside itself."""
        return min(self.control) <= self.median <= max(self.control)

    @property
    def verdict(self) -> str:
        if len(self.control) < VERDICT_PAIRS:
            return f"none: fewer than {VERDICT_PAIRS} pairs"
        return f"{'inside' if self.is_inside else 'outside'} the spread of A/A"


def ratios(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """after ÷ before, pair by pair; nothing that stays nothing is no change."""
    pairs = zip(before, after, strict=True)
    return [1.0 if one == other else other / one if one else float("inf") for one, other in pairs]
