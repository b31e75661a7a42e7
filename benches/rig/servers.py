"""A server under test, and the first of them: our hub.

A server is started anew for every measurement, sends its records on the tick from then on, and is
ended with the block it was asked for in.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.processes import SERVER_CORE, Failed, Program, running, wait_for

ROOT = Path(__file__).resolve().parents[2]
TARGET = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()
HUB = TARGET / "release" / "tickcast"

# The programs and configurations of the peers; their record is everybody's.
PEERS = ROOT / "benches" / "peers"
sys.path.insert(0, str(PEERS))

# A replay longer than a measurement, so that the dataset does not begin again within one; the cap is
# 20 MB, and still a minute at the highest rate that is likely.
DATASET_SECONDS = 180
DATASET_RECORDS = (1_000, 300_000)


@dataclass(frozen=True)
class Server:
    """A server that runs and sends: where viewers go, and the process whose CPU and memory count."""

    url: str
    pid: int
    program: Program
    # The field with the instant at which a record is due; our own hub tells that otherwise.
    stamp_field: str | None
    # Where our own hub shows its metrics, if it was asked to.
    ops_url: str | None = None


def write_dataset(folder: Path, rate: float) -> Path:
    """Records of the size that the peers send, for the hub and the floor to replay."""
    least, most = DATASET_RECORDS
    return write_records(folder, min(most, max(least, round(rate * DATASET_SECONDS))))


def write_records(folder: Path, count: int) -> Path:
    """So many of them."""
    from ticks import record

    path = folder / "dataset.json"
    records = (record(index, 0) for index in range(count))
    path.write_bytes(b"[" + b",\n".join(records) + b"]\n")
    return path


@contextmanager
def hub(
    rate: float, folder: Path, topic: str = "", *, binary: Path | None = None, ops: bool = False
) -> Iterator[Server]:
    """The hub as it is built, or another build of it; every setting that bears on speed is at its default, save for the
    lines of `topic`. `ops` has it show its metrics."""
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
    """The hub with these topics, whose datasets are in `folder`. An older build must know every key that stands here."""
    config = folder / "tickcast.toml"
    config.write_text(
        "[server]\nport = 0\nmax_viewers = 20000\ndrain = '0s'\n"
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
    """What somebody has set for their own hub is not for this one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TICKCAST_")}


def check_hub() -> None:
    """Raises unless there is a hub to measure."""
    if not HUB.exists():
        raise Failed(f"{HUB} is missing; `make build` builds it")
