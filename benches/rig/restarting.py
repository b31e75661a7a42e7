"""Restarts a hub in the ways that operators do it, with and without a proxy in front of it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from rig.processes import RigError
from rig.servers import TARGET

DATASET_RECORDS = 1_000
START_SECONDS = 20.0
# How long each proxy takes to mark a hub as up again after it was down.
SETTLE_SECONDS = {"haproxy": 3.0, "nginx": 11.5}
PROBE_SECONDS = 0.02


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Hub:
    """A hub's configuration, and its process while it runs."""

    def __init__(self, binary: Path, folder: Path, rate: float, *, trusted: bool = False) -> None:
        folder.mkdir()
        self.binary, self.folder = binary, folder
        self.port, self.ops_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.listener: socket.socket | None = None
        # When the last process exited, and when the latest one started listening.
        self.ended_at = self.listening_at = 0.0
        proxies = 'trusted_proxies = ["127.0.0.1/32"]\n' if trusted else ""
        start = 'start = "2026-01-01T00:00:00Z"\n' if trusted else ""
        (folder / "data.json").write_text(json.dumps([{"value": n} for n in range(DATASET_RECORDS)]))
        (folder / "tickcast.toml").write_text(
            f"[server]\nport = {self.port}\nmax_viewers = 20000\n{proxies}[ops]\nport = {self.ops_port}\n"
            f'[state]\ndir = "{folder}/state"\n[topics.demo]\ndataset = "data.json"\nrate = {rate}\ncoalesce = "0s"\n{start}'
        )

    def hold_socket(self) -> None:
        """Opens the listening socket here and passes it to each process, as systemd does."""
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=4_096)

    def start(self) -> None:
        """Starts the hub and waits until it listens."""
        command = [str(self.binary), "serve", "--config", str(self.folder / "tickcast.toml")]
        if self.listener is not None:
            passing = 'exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=public; exec "$@"'
            command = ["sh", "-c", passing, "sh", *command]
        log = (self.folder / "log").open("ab")
        place = log.tell()
        self.process = subprocess.Popen(command, stdin=self.listener or subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + START_SECONDS
        while b'"listener":"public"' not in self.log_from(place):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RigError(f"the hub does not start; it wrote: {self.log_from(place).decode()[-500:]}")
            time.sleep(0.002)
        self.listening_at = time.monotonic()

    def log_from(self, place: int) -> bytes:
        with (self.folder / "log").open("rb") as file:
            file.seek(place)
            return file.read()

    def end(self, number: signal.Signals) -> None:
        """Sends the signal and waits for the process to exit."""
        assert self.process
        self.process.send_signal(number)
        self.process.wait()
        self.ended_at = time.monotonic()

    def restart(self, number: signal.Signals) -> None:
        """Ends the hub and starts it again at once, as a supervisor without a restart delay does."""
        self.end(number)
        self.start()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.listener is not None:
            self.listener.close()


class Probe(threading.Thread):
    """Keeps joining as a new viewer and records the longest time for which no join succeeded."""

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.target = target
        self.is_over = threading.Event()
        self.longest = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while not self.is_over.wait(PROBE_SECONDS):
            if self.joins():
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now

    def joins(self) -> bool:
        host, port = self.target
        request = (
            f"GET /ws?last=0 HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with suppress(OSError), socket.create_connection(self.target, 10.0, ("127.0.200.1", 0)) as sock:
            sock.sendall(request.encode())
            return sock.recv(64).startswith(b"HTTP/1.1 101")
        return False

    def stop(self) -> float:
        self.is_over.set()
        self.join()
        return self.longest


def tool(name: str) -> str:
    """The path of a program: unpacked by the tests, otherwise installed on the system."""
    unpacked = TARGET / "tools" / "debian" / "bin" / name
    found = str(unpacked) if unpacked.exists() else shutil.which(name)
    if found is None:
        raise RigError(f"{name} is missing; run tests/tools/install.sh")
    return found


def haproxy(folder: Path, port: int, hubs: list[Hub]) -> list[str]:
    """Writes the relevant lines of `deploy/proxy/haproxy.cfg`, without TLS, for several hubs; returns the command."""
    servers = "".join(
        f"    server hub{n} 127.0.0.1:{hub.port} check port {hub.ops_port} maxconn 20000\n" for n, hub in enumerate(hubs)
    )
    (folder / "haproxy.cfg").write_text(
        "global\n    maxconn 9900\ndefaults\n    mode http\n    timeout connect 3s\n    timeout http-request 10s\n"
        "    timeout client 60s\n    timeout server 60s\n    timeout tunnel 60s\n"
        f"frontend all\n    bind 127.0.0.1:{port}\n    http-request set-header X-Forwarded-For %[src]\n"
        "    default_backend tickcast\n"
        "backend tickcast\n    option httpchk GET /readyz\n    default-server inter 1s fall 2 rise 1\n"
        f"    option redispatch 1\n    retry-on conn-failure empty-response 503\n{servers}"
    )
    return [tool("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


def nginx(folder: Path, port: int, hubs: list[Hub]) -> list[str]:
    """Writes the relevant lines of `deploy/proxy/nginx.conf`, without TLS; returns the command."""
    servers = "".join(f"server 127.0.0.1:{hub.port}; " for hub in hubs)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    user = "user root; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; {user}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "worker_rlimit_nofile 20000; events { worker_connections 19800; }\n"
        f"http {{ access_log off; {temporary}upstream tickcast {{ {servers} keepalive 16; }}\n"
        "map $http_upgrade $kind { default upgrade; '' ''; }\n"
        f"server {{ listen 127.0.0.1:{port} backlog=4096; proxy_http_version 1.1;\n"
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $kind;\n"
        "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n"
        "proxy_connect_timeout 3s; proxy_next_upstream error timeout http_503;\n"
        "proxy_read_timeout 60s; proxy_send_timeout 60s; location / { proxy_pass http://tickcast; } } }\n"
    )
    return [tool("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


class Situation:
    """One way of restarting: the hubs, the proxy in front of them if there is one, and the address viewers use."""

    def __init__(self, stack: ExitStack, name: str, binary: Path, folder: Path, rate: float) -> None:
        self.name = name
        make = {"haproxy": haproxy, "nginx": nginx}.get(name)
        self.hubs = [Hub(binary, folder / f"hub{n}", rate, trusted=make is not None) for n in range(2 if make else 1)]
        for hub in self.hubs:
            stack.callback(hub.close)
        if name == "socket":
            self.hubs[0].hold_socket()
        self.hubs[0].start()
        self.target = ("127.0.0.1", self.hubs[0].port)
        if make is not None:
            self.target = ("127.0.0.1", free_port())
            with (folder / "proxy.log").open("wb") as log:
                proxy = subprocess.Popen(make(folder, self.target[1], self.hubs), stdout=log, stderr=log)
            stack.callback(lambda: (proxy.terminate(), proxy.wait()))
            self.await_proxy()

    def await_proxy(self) -> None:
        probe, until = Probe(self.target), time.monotonic() + START_SECONDS
        while not probe.joins():
            if time.monotonic() > until:
                raise RigError(f"no viewer can join through {self.name}")
            time.sleep(0.05)

    def prepare(self) -> None:
        """Starts the second hub once all viewers are connected to the first one."""
        for hub in self.hubs[1:]:
            hub.start()
            time.sleep(SETTLE_SECONDS[self.name])

    def act(self) -> float:
        """Restarts the hub, or ends the first of two; returns for how long no process was listening."""
        hub = self.hubs[0]
        if len(self.hubs) > 1:
            hub.end(signal.SIGTERM)
            return 0.0
        hub.restart(signal.SIGKILL if self.name == "kill" else signal.SIGTERM)
        return hub.listening_at - hub.ended_at


SITUATIONS = {
    "kill": "kill -9 and start",
    "term": "SIGTERM and start",
    "socket": "SIGTERM and start, socket kept open",
    "haproxy": "one of two behind HAProxy",
    "nginx": "one of two behind nginx",
}
