"""The output: a description of the machine, tables as in BENCHMARKS.md, and every run as JSON."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rig.servers import HUB, ROOT


@dataclass(frozen=True)
class Table:
    """A table with a title, printed as Markdown."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join((f"### {self.title}\n", *(f"| {' | '.join(cells)} |" for cells in lines)))


def spread(values: Iterable[float], digits: int = 2) -> str:
    """The median, followed by minimum and maximum if they differ."""
    found = list(values)
    middle, least, most = (f"{statistic(found):,.{digits}f}" for statistic in (median, min, max))
    return middle if least == most else f"{middle} ({least}–{most})"


def machine() -> dict[str, Any]:
    """The machine and the commit that the figures belong to."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "commit": _commit(),
        "hub": _output(str(HUB), "--version"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average": os.getloadavg()[0],
    }


def build(binary: Path) -> str:
    """Identifies a build of the hub by its version and its digest, since two builds may report the same version."""
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    return f"{_output(str(binary), '--version')}, sha256 {digest[:12]}"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    return _output("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12")


def _output(*command: str) -> str:
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    return completed.stdout.strip() or "unknown"


def heading(facts: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The lines printed above the tables."""
    lines = [
        f"Machine: {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}; "
        f"load average at the start {facts['load_average']:.2f}",
        f"Commit {facts['commit']} ({facts['hub']}), {facts['date']}",
        *(f"Peer: {name} {version}" for name, version in versions.items()),
    ]
    return "\n".join(lines)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n")
