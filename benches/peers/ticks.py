"""The record that every server sends, and the instant at which each record is due.

Both are pure functions of the index, so a late record does not delay the following ones. ws_server.cjs has the same
code for Node.
"""

import time

# The size of every record; the same for all servers.
RECORD_BYTES = 64

MICROS_PER_SECOND = 1_000_000


def record(index: int, t: int) -> bytes:
    """A record as JSON: its index, the Unix time in µs at which it is due, a value, and padding."""
    head = f'{{"i":{index},"t":{t},"value":{index * 37 % 1999 - 999},"pad":"'
    return (head + "." * (RECORD_BYTES - len(head) - 2) + '"}').encode()


class Schedule:
    """When each record is due: scheduled on the monotonic clock from now on, reported as wall-clock time."""

    def __init__(self, rate: float) -> None:
        self._rate_millionths = round(rate * MICROS_PER_SECOND)
        self._began = time.monotonic()
        self._began_unix_us = time.time_ns() // 1000

    def _after_us(self, index: int) -> int:
        return (index + 1) * MICROS_PER_SECOND**2 // self._rate_millionths

    def wait(self, index: int) -> float:
        """Seconds until the record is due; zero or negative if it is."""
        return self._began + self._after_us(index) / MICROS_PER_SECOND - time.monotonic()

    def record(self, index: int) -> bytes:
        """The record, with the instant at which it is due."""
        return record(index, self._began_unix_us + self._after_us(index))
