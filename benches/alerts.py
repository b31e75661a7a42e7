#!/usr/bin/env python3
"""Causes faults of real hubs and measures when Prometheus, with our rules and its ordinary interval, fires an alert.

1. Ten stalls of 0.3 to 0.5 s (SIGSTOP), one in 16 s: each has to be visible in the delivery histogram between the scrapes
   around it, and a burn-rate alert has to fire if the stalls spend the budget.
2. At the same time, each on another hub: a wrong reload, a full disk, a hub that is killed, a flood of connections that
   are refused, stalls every second, restarts, viewers that report late records, few descriptors, connections that are
   held, and hubs that disagree about their timelines.
3. At last the jobs are removed from the configuration of Prometheus.

Each alert has to fire within two minutes of its fault, or within a minute of its own `for` if that is longer. Exits with 1 if
something is missing. As root, because the full disk is a small tmpfs. Takes seven minutes; `make test` installs
Prometheus into target/tools.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.processes import Program, RigError, running, wait_for
from rig.servers import HUB, ROOT, TARGET, check_hub

STALLS, STALL_EVERY = 10, 16.0
STALL_SECONDS = (0.3, 0.5)
LATE = "0.15"
"""The bound of the service level, in seconds, as it is written in the metric."""
WARMUP = 35.0
LIMIT = 120.0
FOR_TWO_MINUTES = 180.0
"""The limit for an alert that waits for two minutes itself."""
SETTLE = 45.0
"""From the last stall to the query: two scrapes and an evaluation."""
VIEWERS = 20
IP_CONNECTIONS_MAX = 8
HELD_CONNECTIONS = 62
"""Of 64 to the operations listener."""
RESTART_EVERY = 18.0
REPORTERS, REPORT_EVERY = 5, 11.0
REPORT = {"type": "report", "seconds": 11, "bound_us": 2000, "received": 1100, "late": 550, "missed": 0, "frames": 660, "dropped": 0}
HANDSHAKE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
CORES = "0,1"
RULES = ROOT / "deploy" / "monitoring" / "prometheus"
BURN_RATE_ALERTS = ("TickcastDeliveryBudgetFast", "TickcastDeliveryBudgetSlow")


@dataclass(frozen=True)
class Hub:
    """A running hub and its addresses."""

    name: str
    folder: Path
    program: Program
    public: tuple[str, int]
    ops: str

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.program.pid, number)

    @property
    def config(self) -> Path:
        return self.folder / "tickcast.toml"


@contextmanager
def hub(folder: Path, name: str, server: str = "", prefix: Sequence[str] = (), ops_port: int = 0) -> Iterator[Hub]:
    """Runs a hub; `prefix` is a command that runs it."""
    folder = folder / name
    (folder / "state").mkdir(parents=True, exist_ok=True)
    (folder / "data.json").write_text(json.dumps(list(range(1000))))
    (folder / "tickcast.toml").write_text(
        f"[server]\nport = 0\n{server}\n[ops]\nport = {ops_port}\n[state]\ndir = 'state'\n"
        "[topics.demo]\ndataset = 'data.json'\nrate = 100.0\n"
    )
    with running(f"hub-{name}", [*prefix, HUB, "--config", folder / "tickcast.toml"], CORES, folder) as program:
        public, ops = (wait_for("address", program, lambda which=which: address(program, which)) for which in ("public", "ops"))
        host, port = public.split(":")
        yield Hub(name, folder, program, (host, int(port)), ops)


def address(program: Program, listener: str) -> str | None:
    for line in program.lines():
        event = json.loads(line) if line.endswith("}") else {}
        if event.get("event") == "listening" and event.get("listener") == listener:
            return str(event["address"])
    return None


@contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """A small disk at `folder`; the value fills it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        yield lambda: fill(folder / "filler")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


class Prometheus:
    """Prometheus with the rules of `deploy/monitoring` as they are."""

    def __init__(self, folder: Path, program: Program) -> None:
        self._folder, self._program = folder, program
        self._url = "http://" + wait_for("address", program, self._address)

    def _address(self) -> str | None:
        found = re.search(r'msg="Listening on" address=(\S+)', "\n".join(self._program.lines()))
        return found and found[1]

    def query(self, text: str) -> list[dict[str, Any]]:
        url = f"{self._url}/api/v1/query?{urllib.parse.urlencode({'query': text})}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return list(json.load(response)["data"]["result"])

    def samples(self, series: str) -> list[tuple[float, float]]:
        """Instants and values of the last ten minutes, summed over all matching series, which are scraped together."""
        sums: dict[float, float] = {}
        for found in self.query(f"{series}[10m]"):
            for at, value in found["values"]:
                sums[at] = sums.get(at, 0.0) + float(value)
        return sorted(sums.items())

    def fires(self, alert: str, instance: str | None) -> bool:
        where = f',instance="{instance}"' if instance else ""
        return bool(self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"{where}}}'))

    def remove_jobs(self) -> None:
        file = self._folder / "prometheus.yml"
        file.write_text(file.read_text().partition("scrape_configs:")[0])
        os.kill(self._program.pid, signal.SIGHUP)


@contextmanager
def prometheus(folder: Path, hubs: list[Hub]) -> Iterator[Prometheus]:
    folder = folder / "prometheus"
    folder.mkdir()
    for rules in RULES.glob("tickcast.*.yml"):
        shutil.copy(rules, folder)
    text = (RULES / "prometheus.yml").read_text().partition("  - job_name: tickcast-log")[0]
    targets = ", ".join(f'"{hub.ops}"' for hub in hubs)
    (folder / "prometheus.yml").write_text(text.replace('"127.0.0.1:8001"', targets).replace("127.0.0.1:8001", targets))
    tools = (TARGET / "tools" / "debian" / "bin", *map(Path, os.environ["PATH"].split(":")))
    binary = next((tool / "prometheus" for tool in tools if (tool / "prometheus").exists()), None)
    if binary is None:
        raise RigError("prometheus is missing; tests/tools/install.sh installs it")
    command = [
        binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        "--web.listen-address=127.0.0.1:0",
    ]  # fmt: skip
    with running("prometheus", command, CORES, folder) as program:
        yield Prometheus(folder, program)


def join(hub: Hub, headers: str = "") -> socket.socket:
    viewer = socket.create_connection(hub.public)
    viewer.sendall(f"GET /ws HTTP/1.1\r\nHost: {hub.public[0]}:{hub.public[1]}\r\n{HANDSHAKE}{headers}\r\n".encode())
    viewer.setblocking(False)
    return viewer


def watch(hub: Hub, over: threading.Event) -> None:
    """Reads the stream of some bare viewers."""
    viewers = [join(hub) for _ in range(VIEWERS)]
    while not over.wait(0.01):
        read_all(viewers)


def read_all(viewers: Sequence[socket.socket]) -> None:
    for viewer in viewers:
        with suppress(BlockingIOError):
            viewer.recv(65_536)


def report_late(hub: Hub, over: threading.Event) -> None:
    """Viewers that report that half of their records came late."""
    viewers = [join(hub, "Sec-WebSocket-Protocol: tickcast.v1\r\n") for _ in range(REPORTERS)]
    text = json.dumps(REPORT).encode()
    # A text frame with a length of 16 bits, masked with zeros.
    frame = bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text
    due = time.monotonic() + 1
    while not over.wait(0.05):
        read_all(viewers)
        if time.monotonic() >= due:
            due += REPORT_EVERY
            for viewer in viewers:
                viewer.sendall(frame)


def stall_often(hub: Hub, over: threading.Event) -> None:
    """Stops the hub for half of each second."""
    while not over.wait(0.5):
        hub.signal(signal.SIGSTOP)
        time.sleep(0.5)
        hub.signal(signal.SIGCONT)


def hold(hub: Hub, over: threading.Event) -> None:
    """Holds connections to the operations listener, which closes idle ones."""
    host, port = hub.ops.split(":")
    held = [socket.create_connection((host, int(port))) for _ in range(HELD_CONNECTIONS)]
    while not over.wait(2):
        for number, connection in enumerate(held):
            try:
                connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {hub.ops}\r\n\r\n".encode())
                connection.recv(4096)
            except OSError:
                held[number] = socket.create_connection((host, int(port)))


def restart_often(hub: Hub, over: threading.Event) -> None:
    """Kills the hub, which a shell starts again on the same ports, time after time."""
    while not over.wait(RESTART_EVERY):
        for pid in hub.program.children():
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def flood(hub: Hub, over: threading.Event) -> None:
    """Opens connections from one address, of which the hub refuses all but a few."""
    held = []
    while not over.wait(0.05):
        with suppress(OSError):
            held.append(socket.create_connection(hub.public, timeout=1))
        if len(held) > 4 * IP_CONNECTIONS_MAX:
            held.pop(IP_CONNECTIONS_MAX).close()


def stall(hub: Hub) -> list[tuple[float, float]]:
    """Stops the hub again and again; returns when each stall began and ended, in Unix seconds."""
    stalls = []
    began = time.monotonic()
    for number in range(STALLS):
        time.sleep(max(0.0, began + number * STALL_EVERY - time.monotonic()))
        at = time.time()
        hub.signal(signal.SIGSTOP)
        time.sleep(random.uniform(*STALL_SECONDS))
        hub.signal(signal.SIGCONT)
        stalls.append((at, time.time()))
    return stalls


def visible(stalls: list[tuple[float, float]], late: list[tuple[float, float]]) -> list[float]:
    """The records that were late by the scrapes around each stall."""
    seen = []
    for began, ended in stalls:
        before = [count for at, count in late if at <= began]
        after = [count for at, count in late if at > ended + 0.2]
        seen.append(after[0] - (before[-1] if before else 0.0) if after else 0.0)
    return seen


@dataclass(frozen=True)
class Fault:
    """An alert that is expected, of which hub, and within how many seconds."""

    alert: str
    instance: str | None
    limit: float = LIMIT


def await_alerts(server: Prometheus, faults: Sequence[Fault]) -> bool:
    """Waits until each alert fires, and prints after how many seconds; returns whether all did in time."""
    began = time.monotonic()
    pending, holds = list(faults), True
    print("\n| alert | fires after |\n|---|---|", flush=True)
    while pending:
        for fault in list(pending):
            since = time.monotonic() - began
            is_firing = server.fires(fault.alert, fault.instance)
            if is_firing or since > fault.limit:
                pending.remove(fault)
                holds = holds and is_firing
                print(f"| {fault.alert} | {f'{since:.0f} s' if is_firing else f'NOT within {fault.limit:.0f} s'} |", flush=True)
        time.sleep(0.5)
    return holds


def cause_faults(server: Prometheus, hubs: dict[str, Hub], fill_disk: Callable[[], None], over: threading.Event) -> bool:
    wrong = hubs["reload"]
    wrong.config.write_text(wrong.config.read_text().replace("rate = 100.0", "rate = 'fast'"))
    wrong.signal(signal.SIGHUP)
    fill_disk()
    hubs["killed"].signal(signal.SIGKILL)
    causes = (
        (flood, "flood"), (watch, "late"), (stall_often, "late"), (report_late, "reports"), (hold, "held"),
        (restart_often, "restarts"),
    )  # fmt: skip
    for cause, name in causes:
        threading.Thread(target=cause, args=(hubs[name], over), daemon=True).start()
    return await_alerts(
        server,
        (
            Fault("TickcastReloadFailed", wrong.ops),
            Fault("TickcastErrors", wrong.ops),
            Fault("TickcastJournalFailed", hubs["disk"].ops),
            Fault("TickcastDown", hubs["killed"].ops),
            Fault("TickcastConnectionsRefused", hubs["flood"].ops),
            Fault("TickcastConnectionsNearlyUsed", hubs["held"].ops),
            Fault("TickcastLate", hubs["late"].ops),
            Fault("TickcastDeliveryBudgetFast", hubs["late"].ops),
            Fault("TickcastViewersLateFast", hubs["reports"].ops),
            Fault("TickcastRestartLoop", hubs["restarts"].ops),
            Fault("TickcastFilesNearlyUsed", hubs["files"].ops),
            Fault("TickcastHubsDisagree", None, FOR_TWO_MINUTES),
        ),
    )


def judge_stalls(server: Prometheus, hub: Hub, stalls: list[tuple[float, float]]) -> bool:
    labels = f'instance="{hub.ops}"'
    total = server.samples(f"tickcast_delivery_seconds_count{{{labels}}}")
    in_time = dict(server.samples(f'tickcast_delivery_seconds_bucket{{{labels},le="{LATE}"}}'))
    seen = visible(stalls, [(at, count - in_time[at]) for at, count in total])
    print(f"\nrecords later than 150 ms between the scrapes around each stall: {[round(count) for count in seen]}")
    ratio = {
        window: float(found[0]["value"][1])
        for window in ("5m", "30m", "1h", "6h")
        if (found := server.query(f"topic:tickcast_delivery_late:ratio{window}{{{labels}}}"))
    }
    print("late fraction: " + ", ".join(f"{window} {value:.2%}" for window, value in ratio.items()))
    firing = [alert for alert in BURN_RATE_ALERTS if server.fires(alert, hub.ops)]
    print(f"burn-rate alerts: {', '.join(firing) or 'none'}", flush=True)
    is_spent = [
        min(ratio["5m"], ratio["1h"]) > 14.4 * 0.001,
        min(ratio["30m"], ratio["6h"]) > 6 * 0.001,
    ]
    expected = [alert for alert, spent in zip(BURN_RATE_ALERTS, is_spent, strict=True) if spent]
    return all(count > 0 for count in seen) and firing == expected and bool(firing)


def main() -> int:
    check_hub()
    over = threading.Event()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tickcast-alerts-")))
        names = ("stalled", "reload", "killed", "late", "reports", "held")
        hubs = {name: stack.enter_context(hub(folder, name)) for name in names}
        hubs["flood"] = stack.enter_context(hub(folder, "flood", f"max_connections_per_ip = {IP_CONNECTIONS_MAX}"))
        hubs["files"] = stack.enter_context(hub(folder, "files", prefix=("prlimit", "--nofile=1000:1000")))
        again = ("sh", "-c", """trap 'kill $!; exit' TERM; while :; do "$@" & wait $!; sleep 1; done""", "sh")
        hubs["restarts"] = stack.enter_context(hub(folder, "restarts", prefix=again, ops_port=free_port()))
        (folder / "disk" / "state").mkdir(parents=True)
        fill_disk = stack.enter_context(full_disk(folder / "disk" / "state"))
        hubs["disk"] = stack.enter_context(hub(folder, "disk"))
        server = stack.enter_context(prometheus(folder, list(hubs.values())))
        stack.callback(over.set)
        threading.Thread(target=watch, args=(hubs["stalled"], over), daemon=True).start()
        time.sleep(WARMUP)
        stalls: list[tuple[float, float]] = []
        stalling = threading.Thread(target=lambda: stalls.extend(stall(hubs["stalled"])))
        stalling.start()
        holds = cause_faults(server, hubs, fill_disk, over)
        stalling.join()
        time.sleep(SETTLE)
        holds = judge_stalls(server, hubs["stalled"], stalls) and holds
        server.remove_jobs()
        return 0 if await_alerts(server, (Fault("TickcastTargetMissing", None),)) and holds else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
