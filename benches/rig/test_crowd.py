"""Checks that the viewers of the restart benchmark use the reconnect constants of the client library."""

import re
import unittest
from pathlib import Path

from rig import crowd

CLIENT = Path(__file__).resolve().parents[2] / "web" / "src" / "client"


def constant(file: str, name: str) -> float:
    """The value of a numeric constant in the client library's source."""
    found = re.search(rf"const {name} = ([\d_.]+)", (CLIENT / file).read_text())
    assert found, name
    return float(found[1].replace("_", ""))


class Rules(unittest.TestCase):
    def test_the_numbers_are_those_of_the_client_library(self) -> None:
        backoff = "backoff.ts"
        self.assertEqual(crowd.MIN_WAIT * 1000, constant(backoff, "MIN_WAIT_MS"))
        self.assertEqual(crowd.FIRST_SPREAD * 1000, constant(backoff, "FIRST_SPREAD_MS"))
        self.assertEqual(crowd.SHORT_WAITS, constant(backoff, "SHORT_WAITS"))
        self.assertEqual(crowd.GROWTH, constant(backoff, "GROWTH"))
        self.assertEqual(crowd.MAX_WAIT * 1000, constant(backoff, "MAX_WAIT_MS"))
        self.assertEqual(crowd.HANDSHAKE_SECONDS * 1000, constant("connection.ts", "HANDSHAKE_TIMEOUT_MS"))
        self.assertEqual(crowd.OVERLAP_SECONDS, constant("hub_client.ts", "OVERLAP_S"))

    def test_waits_start_short_and_stay_bounded(self) -> None:
        viewer = crowd.Viewer("127.0.1.2")
        pool = crowd.ViewerPool(("127.0.0.1", 1), 0, 1.0, old_rules=False)
        waits = [pool.backoff(viewer) for _ in range(30)]
        self.assertLessEqual(max(waits[:5]), 0.6)
        self.assertLessEqual(max(waits), 20.0)
        self.assertGreaterEqual(min(waits), 0.1)


if __name__ == "__main__":
    unittest.main()
