"""The record that every server sends, and the instant at which each one is due.

Both are pure functions of the index, so that a late tick moves none of the following ones. The same
stands in ws_server.cjs for Node.
"""

import time

# The size of every record, so that no server carries more bytes than another.
RECORD_BYTES = 64

MICROS_PER_SECOND = 1_000_000


def record(index: int, t: int) -> bytes:
    """A record as JSON: its index, the instant at which it is due in Unix µs, a value, and padding."""
    head = f'{{"i":{index},"t":{t},"value":{index * 37 % 1999 - 999},"pad":"'
    return (head + "." * (RECORD_BYTES - len(head) - 2) + '"}').encode()


class Schedule:
    """When each record is due, counted from now on the monotonic clock and named on the wall clock."""

    def __init__(self, rate: float) -> None:
        self._rate_millionths = round(rate * MICROS_PER_SECOND)
        self._began = time.monotonic()
        self._began_unix_us = time.time_ns() // 1000

    def _after_us(self, index: int) -> int:
        return (index + 1) * MICROS_PER_SECOND**2 // self._rate_millionths

    def wait(self, index: int) -> float:
        """How many seconds there are until the record is due; not positive when it is."""
        return self._began + self._after_us(index) / MICROS_PER_SECOND - time.monotonic()

    def record(self, index: int) -> bytes:
        """The record with its own due instant."""
        return record(index, self._began_unix_us + self._after_us(index))
