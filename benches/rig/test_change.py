"""Tests the arithmetic of `compare.py --against`. `make test` runs it: python3 -m unittest discover -s benches."""

import unittest

from rig.change import Change, Turn, ratios, turns

BEFORE, AFTER = Turn(is_control=False, is_after=False), Turn(is_control=False, is_after=True)
CONTROL = Turn(is_control=True, is_after=False), Turn(is_control=True, is_after=True)


def drift(runs: int, slower: float) -> Change:
    """The change that is measured for an unchanged build if the machine slows down by a factor each time."""
    found: dict[Turn, list[float]] = {}
    cost = 1.0
    for run in range(1, runs + 1):
        for turn in turns(run):
            found.setdefault(turn, []).append(cost)
            cost *= slower
    return Change(ratios(found[BEFORE], found[AFTER]), ratios(found[CONTROL[0]], found[CONTROL[1]]))


class Turns(unittest.TestCase):
    def test_every_run_measures_both_builds_and_the_control_once_each(self) -> None:
        for run in range(1, 5):
            self.assertEqual(sorted(map(str, turns(run))), sorted(map(str, (BEFORE, AFTER, *CONTROL))))

    def test_the_order_alternates_within_and_between_the_pairs(self) -> None:
        self.assertEqual(list(turns(1)), [BEFORE, AFTER, *CONTROL])
        self.assertEqual(list(turns(2)), [*reversed(CONTROL), AFTER, BEFORE])
        self.assertEqual(list(turns(3)), list(turns(1)))

    def test_a_machine_that_slows_down_is_not_taken_for_a_change(self) -> None:
        change = drift(runs=8, slower=1.01)
        self.assertAlmostEqual(change.median, 1.0, places=3)
        self.assertTrue(change.is_inside)
        # An odd number of runs leaves one pair unbalanced, which shifts the control just as far.
        self.assertTrue(drift(runs=7, slower=1.01).is_inside)


class Changes(unittest.TestCase):
    def test_ratios_are_taken_pair_by_pair(self) -> None:
        self.assertEqual(ratios([2.0, 4.0], [3.0, 3.0]), [1.5, 0.75])

    def test_zero_to_zero_is_no_change_and_zero_to_something_is_infinite(self) -> None:
        self.assertEqual(ratios([0.0, 0.0], [0.0, 2.0]), [1.0, float("inf")])

    def test_pairs_must_be_whole(self) -> None:
        with self.assertRaises(ValueError):
            ratios([1.0], [])

    def test_a_median_within_the_control_including_its_ends_is_inside(self) -> None:
        control = [0.95, 1.0, 1.04]
        for median in control:
            self.assertEqual(Change([0.1, median, 9.0], control).verdict, "inside the spread of A/A")

    def test_a_median_beyond_the_control_is_outside_in_either_direction(self) -> None:
        control = [0.95, 1.0, 1.04]
        for median in (0.94, 1.05, float("inf")):
            self.assertEqual(Change([median] * 3, control).verdict, "outside the spread of A/A")

    def test_one_outlier_among_many_pairs_is_not_a_change(self) -> None:
        self.assertTrue(Change([1.0, 1.0, 7.0], [0.99, 1.0, 1.01]).is_inside)

    def test_two_pairs_are_too_few_for_a_verdict(self) -> None:
        self.assertEqual(Change([1.0, 1.0], [1.0, 1.0]).verdict, "none: fewer than 3 pairs")


if __name__ == "__main__":
    unittest.main()
