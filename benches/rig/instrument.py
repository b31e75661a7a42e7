"""The instrument: one call of `tickcast bench`, and what of its report the comparison uses.

This is the only file that knows its command line and the names in its report.
"""

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.processes import CLIENT_CORE, SERVER_CORE, Failed
from rig.servers import HUB, Server

# Viewers look every millisecond instead of being woken by each record. On one machine the server pays for the waking,
# half a microsecond each, which a viewer elsewhere does not cost it; and the slower server pays more often.
REST = "1ms"

# What a measurement may take beyond its own length: thousands of viewers that join and leave.
SPARE_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """Who looks, at what, for how long."""

    viewers: int
    rate: float
    # `bare` or `v1`, where a server knows both.
    form: str = "bare"
    # What the hub is asked for on joining; by default nothing from before.
    ask: str = "last=0"
    # Viewers that join in a second.
    arrival: int = 1000
    warmup: float = 3.0
    duration: float = 20.0

    @property
    def offered(self) -> float:
        """Deliveries a second, if everything arrives."""
        return self.viewers * self.rate

    def __str__(self) -> str:
        return f"{self.viewers:,} {self.form} × {self.rate:g}/s"


@dataclass(frozen=True)
class Measured:
    """One measurement: the whole report, and its figures by our names."""

    load: Load
    report: dict[str, Any] = field(repr=False)

    @property
    def deliveries_per_second(self) -> float:
        return float(self.report["deliveries_per_second"])

    @property
    def cpu_us(self) -> float:
        """CPU time of the server for each record delivered to a viewer, in µs."""
        return float(self.report["server"]["cpu_us_per_delivery"] or 0)

    @property
    def cpu_share(self) -> float:
        """How much of its core the server used, 0 to 1."""
        return float(self.report["server"]["cpu_cores"])

    @property
    def memory_kib(self) -> float:
        """What one viewer adds to the server's resident memory."""
        return float(self.report["server"]["memory_kib_per_viewer"] or 0)

    def latency(self, name: str) -> float:
        """`p50`, `p99` or `max`, in seconds."""
        return float((self.report["latency_seconds"] or {}).get(name, math.inf))

    @property
    def spread(self) -> float:
        """From a record's arrival at the first viewer to that at the last, 99th percentile, in seconds."""
        return float((self.report["spread_seconds"] or {}).get("p99", math.inf))

    @property
    def caught_up(self) -> float:
        """From the first connection until every viewer had all that was due when it joined, in seconds."""
        seconds = self.report["caught_up_seconds"]
        return math.inf if seconds is None else float(seconds)

    @property
    def lost(self) -> int:
        """Records that did not come, told or not; what the floor dropped is among them."""
        loss = self.report["loss"] or {}
        return int(loss.get("holes", 0)) + int(loss.get("told", 0))

    @property
    def held_back(self) -> int:
        """Records that were due for a second at the end and had not come."""
        return int((self.report["held_back"] or {}).get("records", 0))

    @property
    def disconnected(self) -> int:
        return int(self.report["lost_connections"]["count"])

    @property
    def is_client_saturated(self) -> bool:
        return bool(self.report["client_saturated"])

    def unmet(self, p99: float) -> list[str]:
        """Why the load was more than the server carries; nothing when it carried it."""
        delivered = self.deliveries_per_second / self.load.offered
        # At its edges the measured span may miss one tick, and as much as the latency grew within it.
        missing_seconds = (1 - delivered) * self.load.duration
        checks = (
            (self.latency("p99") > p99, f"p99 {self.latency('p99') * 1000:.0f} ms"),
            (self.lost > 0, f"{self.lost:,} lost"),
            (self.held_back > 0, f"{self.held_back:,} held back"),
            (self.disconnected > 0, f"{self.disconnected:,} disconnected"),
            (missing_seconds > p99 + 1 / self.load.rate, f"{delivered:.0%} delivered"),
        )
        return [reason for is_so, reason in checks if is_so]


def measure(server: Server, load: Load) -> Measured:
    """What viewers of the server got, and what it cost the server."""
    measured = _bench(load, "--url", _url(server, load), *_form(server, load), *_stamp(server), "--pid", server.pid)
    server.program.check()
    return measured


def measure_floor(load: Load, dataset: Path) -> Measured:
    """The same from the yardstick: a bare loop of send(2) with the same frames."""
    return _bench(load, "--floor", "--rate", f"{load.rate:g}", "--dataset", dataset, "--server-cpu", SERVER_CORE)


def _url(server: Server, load: Load) -> str:
    # Peers know no past.
    return f"{server.url}?{load.ask}" if server.stamp_field is None and load.ask else server.url


def _form(server: Server, load: Load) -> Sequence[str]:
    # Peers have one form, and their URL says which.
    return ("--form", load.form) if server.stamp_field is None else ()


def _stamp(server: Server) -> Sequence[str]:
    return ("--stamp-field", server.stamp_field) if server.stamp_field else ()


def _bench(load: Load, *target: object) -> Measured:
    span = ("--warmup", _duration(load.warmup), "--duration", _duration(load.duration))
    crowd = ("--viewers", load.viewers, "--arrival", load.arrival)
    options = (*crowd, *span, "--client-cpu", CLIENT_CORE, "--rest", REST, "--json")
    # The instrument places its threads itself, so it may use both cores; it must not outlive us.
    placed = ("setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", f"{SERVER_CORE},{CLIENT_CORE}")
    command = [str(word) for word in (*placed, HUB, "bench", *target, *options)]
    shown = " ".join(command[len(placed) :])
    try:
        said = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=load.warmup + load.duration + SPARE_SECONDS,
            process_group=0,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        # A server that is far behind does not even let all viewers in.
        raise Failed(f"{shown}\n  did not end within {late.timeout:g} s") from None
    try:
        return Measured(load, json.loads(said.stdout))
    except ValueError:
        raise Failed(f"{shown}\n  ended with {said.returncode}: {said.stderr.strip() or said.stdout.strip()}") from None


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
