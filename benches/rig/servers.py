"""A server under test, and how to start our hub as one.

Every measurement starts a fresh server, which sends its records on schedule from then on and is terminated at the end
of the `with` block.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.processes import SERVER_CORE, RigError, Program, running, wait_for

ROOT = Path(__file__).resolve().parents[2]
TARGET = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()
HUB = TARGET / "release" / "tickcast"

# The programs and configurations of the peers; `ticks.py` there defines the record that every server sends.
PEERS = ROOT / "benches" / "peers"
sys.path.insert(0, str(PEERS))

# The dataset is longer than a measurement, so that it does not loop within one; it is capped at 20 MB, which is still
# a minute at the highest likely rate.
DATASET_SECONDS = 180
DATASET_RECORDS = (1_000, 300_000)


@dataclass(frozen=True)
class Server:
    """A running server: the URL for viewers, and the process whose CPU time and memory are measured."""

    url: str
    pid: int
    program: Program
    # The record field with the due time; None for our hub, whose schedule is known.
    stamp_field: str | None
    # The URL of the hub's operations listener, if it is enabled.
    ops_url: str | None = None


def write_dataset(folder: Path, rate: float) -> Path:
    """Writes the dataset that the hub and the floor replay, with records of the size that the peers send."""
    least, most = DATASET_RECORDS
    return write_records(folder, min(most, max(least, round(rate * DATASET_SECONDS))))


def write_records(folder: Path, count: int) -> Path:
    """Writes a dataset of `count` records."""
    from ticks import record

    path = folder / "dataset.json"
    records = (record(index, 0) for index in range(count))
    path.write_bytes(b"[" + b",\n".join(records) + b"]\n")
    return path


@contextmanager
def hub(
    rate: float, folder: Path, topic: str = "", *, binary: Path | None = None, ops: bool = False
) -> Iterator[Server]:
    """Runs this tree's hub, or another build of it. Every setting that affects speed has its default value, except for
    the lines of `topic`; `ops` enables the operations listener."""
    write_dataset(folder, rate)
    topics = f"[topics.bench]\ndataset = 'dataset.json'\nrate = {float(rate)}\n{topic}"
    with hub_of(topics, folder, binary=binary, ops=ops) as server:
        yield server


@contextmanager
def hub_of(
    topics: str,
    folder: Path,
    *,
    binary: Path | None = None,
    ops: bool = False,
    cores: int | str = SERVER_CORE,
    stats_every: str = "10s",
) -> Iterator[Server]:
    """Runs a hub with these topics, whose datasets are in `folder`. Older builds must know every key used here."""
    config = folder / "tickcast.toml"
    config.write_text(
        "[server]\nport = 0\nmax_viewers = 20000\nmax_connections_per_ip = 0\ndrain = '0s'\n"
        f"[ops]\nenabled = {str(ops).lower()}\nport = 0\n"
        f"[log]\nlevel = 'info'\nstats_every = '{stats_every}'\n"
        "[state]\ndir = ''\n"
        f"{topics}"
    )
    command = [binary or HUB, "--config", config]
    with running("hub", command, cores, folder, _env_without_settings()) as program:
        url = wait_for("event `listening`", program, lambda: _listening(program, "public"))
        ops_url = wait_for("event `listening`", program, lambda: _listening(program, "ops")) if ops else None
        yield Server(url.replace("http://", "ws://") + "/ws", program.pid, program, None, ops_url)


def _listening(program: Program, listener: str) -> str | None:
    for line in program.lines():
        event = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
        if event.get("event") == "listening" and event.get("listener") == listener:
            return str(event["url"]).rstrip("/")
    return None


def _env_without_settings() -> dict[str, str]:
    """The environment without variables that configure a hub, which the user may have set for their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TICKCAST_")}


def check_hub() -> None:
    """Raises if the hub has not been built."""
    if not HUB.exists():
        raise RigError(f"{HUB} is missing; `make build` builds it")
