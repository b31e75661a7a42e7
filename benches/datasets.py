#!/usr/bin/env python3
"""Measures what a dataset larger than memory costs: the index, the start, the memory, and the history.

Writes a dataset as NDJSON and as CSV, or takes those of an earlier call, and starts the hub on each:
cold, without a kept index, and again with it. The file is in the kernel's cache in both cases. Then it requests random
pages of 100 records of the history, and 1000 points over all of it, twice. With --peers, pandas, pyarrow and duckdb read
the same file into a table, for scale; they are installed from PyPI into a virtual environment in the folder.

Usage: benches/datasets.py [--binary target/release/tickcast] [--records 10000000] [--requests 500] [--folder FOLDER]
                           [--formats ndjson,csv] [--peers]
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

# The highest rate of a topic: so all records have been published soonest.
RATE = 10_000
# In seconds.
START_TIMEOUT = 600
PAGE = 100
POINTS = 1_000

PEERS = {
    "pandas": {
        "ndjson": "import pandas; pandas.read_json(FILE, lines=True)",
        "csv": "import pandas; pandas.read_csv(FILE)",
    },
    "pyarrow": {
        "ndjson": "import pyarrow.json; pyarrow.json.read_json(FILE)",
        "csv": "import pyarrow.csv; pyarrow.csv.read_csv(FILE)",
    },
    "duckdb": {
        "ndjson": "import duckdb; duckdb.sql(f\"create table t as from read_json('{FILE}', format='newline_delimited')\")",
        "csv": "import duckdb; duckdb.sql(f\"create table t as from read_csv('{FILE}')\")",
    },
}


@dataclass
class Measured:
    """What a hub with one file took."""

    name: str
    megabytes: float
    index_seconds: float
    cold_seconds: float
    kept_seconds: float
    memory_mib: float
    page_ms: list[float]
    points_seconds: list[float]
    end_mib: float

    def row(self) -> str:
        pages = sorted(self.page_ms)
        p50, p99 = pages[len(pages) // 2], pages[int(len(pages) * 0.99)]
        first, again = self.points_seconds
        return (
            f"| {self.name} | {self.megabytes:.0f} MB | {self.megabytes / self.index_seconds:.0f} MB/s "
            f"| {self.cold_seconds:.1f} s | {self.kept_seconds:.2f} s | {self.memory_mib:.0f} MiB "
            f"| {p50:.2f} ms | {p99:.2f} ms | {first:.1f} s | {again:.2f} s | {self.end_mib:.0f} MiB |"
        )


HEADER = (
    "| file | size | index | ready, cold | ready, index kept | memory | page, p50 | page, p99 | points, first | points, "
    "again | memory at the end |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def write_dataset(path: Path, records: int) -> None:
    """Writes a random walk with a few more fields, about 100 bytes a record as JSON."""
    source, value = random.Random(15), 0.0
    is_csv = path.suffix == ".csv"
    with path.open("w") as file:
        if is_csv:
            file.write("t,value,pressure,station,ok\n")
        for n in range(records):
            value += source.random() - 0.5
            pressure, station = 1000 + (n * 7919) % 997 / 10, f"station-{n % 37:02}"
            if is_csv:
                file.write(f"{1_700_000_000_000 + n * 10},{value:.6f},{pressure:.1f},{station},true\n")
            else:
                file.write(
                    f'{{"t":{1_700_000_000_000 + n * 10},"value":{value:.6f},"pressure":{pressure:.1f},'
                    f'"station":"{station}","ok":true}}\n'
                )


class Hub:
    """A hub with one topic, whose records have all been published."""

    def __init__(self, binary: Path, folder: Path, dataset: Path, records: int) -> None:
        start = datetime.now(UTC) - timedelta(seconds=records / RATE + 60)
        config = folder / "datasets.toml"
        config.write_text(
            f'[server]\nport = 0\n[ops]\nenabled = false\n[state]\ndir = "{folder / "state"}"\n'
            f'[topics.data]\ndataset = "{dataset}"\nrate = {RATE}\nloop = false\nstart = "{start.isoformat()}"\n'
        )
        began = time.monotonic()
        command = [binary, "serve", "--config", config]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.events: dict[str, dict[str, object]] = {}
        assert self._process.stderr is not None
        for line in self._process.stderr:
            event = json.loads(line)
            self.events[event["event"]] = event
            if event["event"] == "listening":
                break
        else:
            raise RuntimeError(f"the hub did not start: {self.events}")
        self.seconds = time.monotonic() - began
        self._address = str(self.events["listening"]["address"])

    def get(self, query: str) -> tuple[float, bytes]:
        """Requests history until it is there. Returns the seconds, and the body."""
        began = time.monotonic()
        while True:
            connection = http.client.HTTPConnection(self._address, timeout=START_TIMEOUT)
            connection.request("GET", f"/api/v1/topics/data/history?{query}")
            response = connection.getresponse()
            body = response.read()
            if response.status == 200:
                return time.monotonic() - began, body
            if response.status != 503:
                raise RuntimeError(f"{query}: {response.status} {body!r}")
            time.sleep(0.1)

    def memory_mib(self) -> float:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the hub has ended")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def measure(options: argparse.Namespace, folder: Path, dataset: Path) -> Measured:
    for kept in (folder / "state" / "datasets").glob("*"):
        kept.unlink()
    cold = Hub(options.binary, folder, dataset, options.records)
    index_seconds = float(str(cold.events["dataset.indexed"]["seconds"]))
    cold.stop()
    hub = Hub(options.binary, folder, dataset, options.records)
    assert hub.events["dataset.indexed"]["sidecar"] == "reused", hub.events
    memory = hub.memory_mib()
    source, pages = random.Random(1), []
    for _ in range(options.requests):
        first = source.randrange(1, options.records - PAGE)
        seconds, body = hub.get(f"from={first}&to={first + PAGE - 1}")
        assert len(json.loads(body)["items"]) == PAGE
        pages.append(seconds * 1_000)
    points = [hub.get(f"points={POINTS}&field=value&from=1&to={options.records}")[0] for _ in range(2)]
    end = hub.memory_mib()
    hub.stop()
    megabytes = dataset.stat().st_size / 1e6
    return Measured(
        dataset.name, megabytes, index_seconds, cold.seconds, hub.seconds, memory, pages, points, end
    )


def measure_peers(folder: Path, dataset: Path) -> None:
    environment = folder / "venv"
    if not environment.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([environment / "bin/pip", "install", "--quiet", *PEERS], check=True)
    for peer, programs in PEERS.items():
        code = (
            f"import resource, time; FILE = {str(dataset)!r}; began = time.monotonic()\n"
            f"{programs[dataset.suffix[1:]]}\n"
            "print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
        )
        command = [environment / "bin/python", "-c", code]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            reason = (result.stderr.strip().splitlines() or ["killed"])[-1]
            print(f"| {dataset.name} | {peer} | {reason} | |")
            continue
        seconds, peak = map(float, result.stdout.split())
        print(f"| {dataset.name} | {peer} | {seconds:.1f} s | {peak:.0f} MiB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=Path("target/release/tickcast"))
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="keeps the files for another call; by default they are temporary")
    parser.add_argument("--formats", default="ndjson,csv")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        datasets = [folder / f"data-{options.records}.{suffix}" for suffix in options.formats.split(",")]
        for dataset in datasets:
            if not dataset.exists():
                write_dataset(dataset, options.records)
        print(HEADER)
        for dataset in datasets:
            print(measure(options, folder, dataset).row(), flush=True)
        if options.peers:
            print("\n| file | read by | time | peak memory |\n|---|---|---|---|")
            for dataset in datasets:
                measure_peers(folder, dataset)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as failure:
        sys.exit(f"datasets: {failure}")
