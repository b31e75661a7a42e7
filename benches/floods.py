#!/usr/bin/env python3
"""Floods a hub with connections that never become viewers, and measures the effect on new clients.

There are two floods, each run from 1 and from 200 loopback addresses: request heads that never end ("heads"), and
keep-alive connections that request `/healthz` every few seconds ("kept"). Connections that the hub closes are opened
again. The second flood also holds 64 connections to the operations listener. During a flood, a client on another
address loads the page, joins by WebSocket and requests `/healthz` from both listeners, five times a second and each
time on a new connection.

The hub runs in its own memory control group if this process may create one. Linux only. Every process started here is
terminated here. One flood takes half a minute, all of them about three minutes.
"""

import argparse
import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HUB = Path(__file__).resolve().parent.parent / "target/release/tickcast"
HEADS, HEAD_LEN = 13_000, 120_000
KEPT, ASK_EVERY = 15_600, 3.0
OPS = 64
WORKERS = 2
"""Processes per flood; each may open at most 20,000 files."""
OPENED_PER_SECOND = 2_000
"""New connections a second per process, at most: a flood that saturates the machine would measure the machine."""
SETTLE = 15.0
"""Seconds from the end of a flood to the last memory reading; longer than the hub's idle timeout."""
PAUSE = 0.2
TIMEOUT = 5.0
PIECE = b"x" * 16_384
ASK = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
JOIN = (
    b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

Address = tuple[str, int]


class Group:
    """A memory control group, cgroup v1 or v2."""

    def __init__(self, limit: int) -> None:
        root = Path("/sys/fs/cgroup")
        is_first = (root / "memory").is_dir()
        self.folder = (root / "memory" if is_first else root) / f"tickcast-floods-{os.getpid()}"
        names = ("limit_in_bytes", "usage_in_bytes", "max_usage_in_bytes") if is_first else ("max", "current", "peak")
        self.limit, self.usage, self.peak = (self.folder / f"memory.{name}" for name in names)
        self.folder.mkdir()
        try:
            self.limit.write_text(str(limit))
        except OSError:
            self.folder.rmdir()
            raise

    def enter(self) -> None:
        """Moves the calling process into the group."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def peak_mib(self) -> float:
        return int(self.peak.read_text()) / 2**20

    def reset_peak(self) -> None:
        with contextlib.suppress(OSError):
            self.peak.write_text("0")

    def remove(self) -> None:
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.1)


class Hub:
    """A hub with one topic, running in its control group."""

    def __init__(self, binary: Path, folder: Path, group: Group | None) -> None:
        (folder / "dataset.json").write_text(json.dumps([{"i": i} for i in range(1_000)]))
        config = folder / "tickcast.toml"
        config.write_text(
            "[server]\nport = 0\ndrain = '0s'\n[ops]\nport = 0\n[state]\ndir = ''\n"
            "[topics.demo]\ndataset = 'dataset.json'\nrate = 10.0\n"
        )
        env = {name: value for name, value in os.environ.items() if not name.startswith("TICKCAST")}
        log = (folder / "log").open("wb")
        enter = group.enter if group else None
        command = [str(binary), "--config", str(config)]
        self.process = subprocess.Popen(command, stderr=log, env=env, preexec_fn=enter)  # noqa: PLW1509
        log.close()
        self.public = self._address("public", folder / "log")
        self.ops = self._address("ops", folder / "log")

    def _address(self, listener: str, log: Path) -> Address:
        for _ in range(100):
            for line in log.read_text().splitlines():
                event = json.loads(line)
                if event["event"] == "listening" and event["listener"] == listener:
                    host, port = event["address"].rsplit(":", 1)
                    return host, int(port)
            time.sleep(0.1)
        raise SystemExit(f"the hub does not listen: {log.read_text()[-500:]}")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def memory_mib(self, field: str) -> float:
        """`VmRSS` or `VmHWM` in MiB; 0 if the hub has exited."""
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024
        return 0.0

    def reset_peak(self) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Flooder:
    """The flood connections of one process; connections that the hub closes are replaced."""

    def __init__(self, target: Address, count: int, sources: list[str], kind: str) -> None:
        self.target, self.count, self.sources, self.kind = target, count, sources, kind
        self.selector = selectors.DefaultSelector()
        self.open: dict[socket.socket, int] = {}
        self.opened = 0

    def run(self, until: float) -> None:
        begun, next_ask, opened_at_most = time.monotonic(), time.monotonic() + ASK_EVERY, self.count
        while (now := time.monotonic()) < until:
            opened_at_most = (now - begun) * OPENED_PER_SECOND
            while len(self.open) < self.count and self.opened < opened_at_most:
                self._connect()
            for key, mask in self.selector.select(0.05):
                self._advance(key.fileobj, mask)
            if now >= next_ask and self.kind == "kept":
                next_ask = now + ASK_EVERY
                for connection in list(self.open):
                    self._send(connection, ASK)

    def _connect(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        # IP_BIND_ADDRESS_NO_PORT: the range of local ports then counts per destination.
        connection.setsockopt(socket.IPPROTO_IP, 24, 1)
        connection.bind((self.sources[self.opened % len(self.sources)], 0))
        self.opened += 1
        with contextlib.suppress(BlockingIOError):
            connection.connect(self.target)
        self.open[connection] = 0
        self.selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _advance(self, connection: socket.socket, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                if not connection.recv(65_536):
                    return self._close(connection)
            except BlockingIOError:
                pass
            except OSError:
                return self._close(connection)
        if mask & selectors.EVENT_WRITE:
            sent = self.open[connection]
            is_first, head = sent == 0, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: "
            if self.kind == "heads":
                self._send(connection, head if is_first else PIECE)
                is_done = self.open.get(connection, 0) >= HEAD_LEN
            else:
                # Half of the connections to the operations listener send slowly instead of being idle.
                is_slow = self.kind == "ops" and self.opened % 2 == 0
                self._send(connection, head if is_slow else ASK)
                is_done = True
            if is_done and connection in self.open:
                self.selector.modify(connection, selectors.EVENT_READ)
        return None

    def _send(self, connection: socket.socket, data: bytes) -> None:
        try:
            self.open[connection] += connection.send(data)
        except BlockingIOError:
            pass
        except OSError:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        if self.open.pop(connection, None) is not None:
            self.selector.unregister(connection)
            connection.close()


@contextlib.contextmanager
def flood(hub: Hub, kind: str, sources: list[str], seconds: float) -> Iterator[None]:
    """Runs the flood in child processes while the block runs, for at most `seconds`."""
    until = time.monotonic() + seconds
    parts = [Flooder(hub.public, (HEADS if kind == "heads" else KEPT) // WORKERS, sources, kind) for _ in range(WORKERS)]
    if kind == "kept":
        parts.append(Flooder(hub.ops, OPS, sources, "ops"))
    pids = []
    for part in parts:
        if (pid := os.fork()) == 0:
            with contextlib.suppress(KeyboardInterrupt):
                part.run(until)
            os._exit(0)
        pids.append(pid)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def ask(address: Address, request: bytes, enough: bytes) -> None:
    """Sends one request on a new connection and returns once the response contains `enough`."""
    with socket.create_connection(address, TIMEOUT) as connection:
        connection.settimeout(TIMEOUT)
        connection.sendall(request)
        answer = b""
        while enough not in answer:
            if not (part := connection.recv(65_536)):
                raise ConnectionError("closed")
            answer += part
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")):
            raise ConnectionError(answer.splitlines()[0].decode())


class NewClient:
    """A client that connects afresh for each request; records the longest wait and the failures by kind of request."""

    def __init__(self, hub: Hub) -> None:
        page = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        self.requests = {
            "page": (hub.public, page, b"</html>"),
            # The response head, then the first bare record.
            "socket": (hub.public, JOIN, b'{"i":'),
            "health": (hub.public, ASK, b"ok\n"),
            "ops": (hub.ops, ASK, b"ok\n"),
        }
        self.worst = dict.fromkeys(self.requests, 0.0)
        self.failed = dict.fromkeys(self.requests, 0)
        self.asked = 0

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._keep_asking, args=(what, until)) for what in self.requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _keep_asking(self, what: str, until: float) -> None:
        while (begun := time.monotonic()) < until:
            try:
                ask(*self.requests[what])
            except OSError:
                self.failed[what] += 1
            took = time.monotonic() - begun
            self.worst[what] = max(self.worst[what], took)
            self.asked += 1
            time.sleep(max(0.0, PAUSE - took))


def measure(args: argparse.Namespace, kind: str, hosts: int) -> list[str]:
    """Starts a hub, floods it, and returns the row of the table."""
    group = None
    with contextlib.suppress(OSError):
        group = Group(args.memory * 2**20)
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(args.binary, Path(folder), group)
        try:
            NewClient(hub).run(2.0)
            start = hub.memory_mib("VmRSS")
            hub.reset_peak()
            if group:
                group.reset_peak()
            client = NewClient(hub)
            sources = [f"127.0.1.{host}" for host in range(1, hosts + 1)]
            with flood(hub, kind, sources, args.seconds):
                client.run(args.seconds)
            peak, peak_of_group = hub.memory_mib("VmHWM"), f"{group.peak_mib():.0f}" if group else "–"
            if hub.is_alive():
                time.sleep(SETTLE)
            end = hub.memory_mib("VmRSS")
            outcome = f"{100 * (end / start - 1):+.0f} %" if hub.is_alive() else "**killed**"
        finally:
            hub.end()
            if group:
                group.remove()
    latencies = [f"{client.worst[what]:.2f} ({client.failed[what]})" for what in client.requests]
    memory = [f"{start:.1f}", f"{peak:.1f}", peak_of_group, f"{end:.1f}", outcome]
    return [kind, str(hosts), *latencies, str(client.asked), *memory]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=HUB, help="the hub to flood [default: target/release/tickcast]")
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each flood lasts [default: 25]")
    parser.add_argument("--memory", type=int, default=512, help="MiB of the hub's control group [default: 512]")
    parser.add_argument("--only", choices=("heads", "kept"), help="run only this flood")
    parser.add_argument("--sources", type=int, choices=(1, 200), help="flood only from this many addresses")
    args = parser.parse_args()
    if not args.binary.is_file():
        parser.error(f"{args.binary} does not exist; build it with `cargo build --release`, or give --binary")
    heading = ["flood", "addresses", "page s", "socket s", "health s", "ops s", "asked"]
    heading += ["RSS MiB before", "peak", "peak of group", "after", "after/before"]
    print("Longest wait of a new client, with the number of failures in brackets, and the hub's memory.\n")
    print("|", " | ".join(heading), "|")
    print("|" + "---|" * len(heading), flush=True)
    for kind in (args.only,) if args.only else ("heads", "kept"):
        for hosts in (args.sources,) if args.sources else (1, 200):
            print("|", " | ".join(measure(args, kind, hosts)), "|", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
