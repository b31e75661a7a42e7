"""Runs `tickcast bench` and reads its report.

This is the only file that knows the command line of `tickcast bench` and the field names of its report.
"""

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.processes import CLIENT_CORE, SERVER_CORE, RigError
from rig.servers import HUB, Server

# Viewers poll every millisecond instead of being woken by each record. On a shared machine the server pays for each
# wake-up, about half a microsecond, which a remote viewer would not cost it; and a slower server causes more wake-ups.
POLL_INTERVAL = "1ms"

# Seconds a run may take beyond warm-up and measurement, for thousands of viewers to join and leave.
SPARE_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """The load of one measurement: viewers, rate, form and duration."""

    viewers: int
    rate: float
    # `bare` or `v1`; used for the hub only, since peers have one form.
    form: str = "bare"
    # The query with which viewers join the hub; by default no backfill.
    ask: str = "last=0"
    # Viewers joining per second.
    arrival: int = 1000
    warmup: float = 3.0
    duration: float = 20.0

    @property
    def offered(self) -> float:
        """Deliveries per second if every record arrives."""
        return self.viewers * self.rate

    def __str__(self) -> str:
        return f"{self.viewers:,} {self.form} × {self.rate:g}/s"


@dataclass(frozen=True)
class Measured:
    """The result of one measurement: the full report, with its figures as properties."""

    load: Load
    report: dict[str, Any] = field(repr=False)

    @property
    def deliveries_per_second(self) -> float:
        return float(self.report["deliveries_per_second"])

    @property
    def cpu_us(self) -> float:
        """CPU time of the server per delivery, in µs."""
        return float(self.report["server"]["cpu_us_per_delivery"] or 0)

    @property
    def cpu_share(self) -> float:
        """The fraction of its core that the server used."""
        return float(self.report["server"]["cpu_cores"])

    @property
    def memory_kib(self) -> float:
        """The server's resident memory per viewer, in KiB."""
        return float(self.report["server"]["memory_kib_per_viewer"] or 0)

    def latency(self, name: str) -> float:
        """`p50`, `p99` or `max`, in seconds."""
        return float((self.report["latency_seconds"] or {}).get(name, math.inf))

    @property
    def spread(self) -> float:
        """99th percentile of the time between a record's arrival at the first and the last viewer, in seconds."""
        return float((self.report["spread_seconds"] or {}).get("p99", math.inf))

    @property
    def caught_up(self) -> float:
        """Seconds from the first connection until every viewer had received all that was due when it joined."""
        seconds = self.report["caught_up_seconds"]
        return math.inf if seconds is None else float(seconds)

    @property
    def lost(self) -> int:
        """Records that did not arrive, with or without a `gap`; includes those that the floor dropped."""
        loss = self.report["loss"] or {}
        return int(loss.get("holes", 0)) + int(loss.get("told", 0))

    @property
    def held_back(self) -> int:
        """Records that were more than a second overdue at the end of the measurement."""
        return int((self.report["held_back"] or {}).get("records", 0))

    @property
    def disconnected(self) -> int:
        return int(self.report["lost_connections"]["count"])

    @property
    def is_client_saturated(self) -> bool:
        return bool(self.report["client_saturated"])

    def unmet(self, p99: float) -> list[str]:
        """Reasons why the server fell behind under this load; empty if it kept up."""
        delivered = self.deliveries_per_second / self.load.offered
        # The measured span may miss one tick at its edges, and as much as latency grew during it.
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
    """Measures `server` under `load`."""
    measured = _bench(load, "--url", _url(server, load), *_form(server, load), *_stamp(server), "--pid", server.pid)
    server.program.check()
    return measured


def measure_floor(load: Load, dataset: Path) -> Measured:
    """Measures the floor under `load`: a bare loop of send(2) that sends the same frames."""
    return _bench(load, "--floor", "--rate", f"{load.rate:g}", "--dataset", dataset, "--server-cpu", SERVER_CORE)


def _url(server: Server, load: Load) -> str:
    # Peers keep no history, so viewers cannot ask for it.
    return f"{server.url}?{load.ask}" if server.stamp_field is None and load.ask else server.url


def _form(server: Server, load: Load) -> Sequence[str]:
    # Each peer has one form, which its URL implies.
    return ("--form", load.form) if server.stamp_field is None else ()


def _stamp(server: Server) -> Sequence[str]:
    return ("--stamp-field", server.stamp_field) if server.stamp_field else ()


def _bench(load: Load, *target: object) -> Measured:
    span = ("--warmup", _duration(load.warmup), "--duration", _duration(load.duration))
    crowd = ("--viewers", load.viewers, "--arrival", load.arrival)
    options = (*crowd, *span, "--client-cpu", CLIENT_CORE, "--rest", POLL_INTERVAL, "--json")
    # `tickcast bench` pins its own threads, so it may use both cores; the kernel ends it if this process dies.
    placed = ("setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", f"{SERVER_CORE},{CLIENT_CORE}")
    command = [str(word) for word in (*placed, HUB, "bench", *target, *options)]
    shown = " ".join(command[len(placed) :])
    try:
        completed = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=load.warmup + load.duration + SPARE_SECONDS,
            process_group=0,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        # A server that is far behind does not even accept all viewers.
        raise RigError(f"{shown}\n  did not end within {late.timeout:g} s") from None
    try:
        return Measured(load, json.loads(completed.stdout))
    except ValueError:
        output = completed.stderr.strip() or completed.stdout.strip()
        raise RigError(f"{shown}\n  ended with {completed.returncode}: {output}") from None


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
