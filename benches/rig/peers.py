"""The peers: servers of other makes that do the same job, each started by one small program.

How each is configured, and why that is its fast way, stands in BENCHMARKS.md and at the head of each
file in `benches/peers/`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from rig.processes import CLIENT_CORE, SERVER_CORE, Program, accepts, free_port, running, wait_for
from rig.servers import PEERS as SOURCES
from rig.servers import TARGET, Server

# Where benches/peers/install.sh puts them.
TOOLS = TARGET / "tools" / "peers"
DEBIAN = TOOLS / "debian"

PYTHON = TOOLS / "websockets/bin/python"
WS = TOOLS / "node/node_modules/ws"
NATS = TOOLS / "nats/bin/nats-server"


@dataclass(frozen=True)
class Peer:
    """A server of another make: how to start it, what must be there, and how it tells its version."""

    name: str
    serve: Callable[[float, Path], AbstractContextManager[Server]]
    needs: tuple[Path, ...]
    version: Callable[[], str]

    def is_installed(self) -> bool:
        return all(path.exists() for path in self.needs)


# === servers that tick themselves ===


@contextmanager
def websockets(rate: float, folder: Path) -> Iterator[Server]:
    command = [PYTHON, SOURCES / "websockets_server.py", str(rate)]
    with running("websockets", command, SERVER_CORE, folder) as program:
        yield _self_ticking(program)


@contextmanager
def ws(rate: float, folder: Path) -> Iterator[Server]:
    env = {**os.environ, "NODE_PATH": str(WS.parent), "NODE_ENV": "production"}
    with running("ws", ["node", SOURCES / "ws_server.cjs", str(rate)], SERVER_CORE, folder, env) as program:
        yield _self_ticking(program)


def _self_ticking(program: Program) -> Server:
    port = wait_for("port", program, lambda: _told_port(program))
    return Server(f"ws://127.0.0.1:{port}/", program.pid, program, "t")


def _told_port(program: Program) -> int | None:
    first = next(iter(program.lines()), "")
    return int(json.loads(first)["port"]) if first.startswith("{") and first.endswith("}") else None


# === brokers, with our publisher on the viewers' core ===


@contextmanager
def nchan(rate: float, folder: Path) -> Iterator[Server]:
    port = free_port()
    config = _fill("nginx.conf", folder, port=port, folder=folder, module=_nchan_module())
    command = [_debian("usr/sbin/nginx"), "-p", folder, "-e", folder / "error.log", "-c", config]
    with running("nchan", command, SERVER_CORE, folder, _debian_env()) as program:
        wait_for("listener", program, lambda: accepts(port))
        # The first process only watches over the worker.
        worker = wait_for("worker", program, lambda: next(iter(program.children()), None))
        with _publishing(f"http://127.0.0.1:{port}/pub", rate, folder):
            yield Server(f"ws://127.0.0.1:{port}/sub", worker, program, "t")


@contextmanager
def mosquitto(rate: float, folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [_debian("usr/sbin/mosquitto"), "-c", _fill("mosquitto.conf", folder, port=port)]
    with running("mosquitto", command, SERVER_CORE, folder, _debian_env()) as program:
        yield from _broker(program, f"mqtt://127.0.0.1:{port}/tick", port, rate, folder)


@contextmanager
def nats(rate: float, folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [NATS, "-c", _fill("nats.conf", folder, port=port)]
    with running("nats", command, SERVER_CORE, folder) as program:
        yield from _broker(program, f"nats://127.0.0.1:{port}/tick", port, rate, folder)


def _broker(program: Program, url: str, port: int, rate: float, folder: Path) -> Iterator[Server]:
    wait_for("listener", program, lambda: accepts(port))
    with _publishing(url, rate, folder):
        yield Server(url, program.pid, program, "t")


@contextmanager
def _publishing(url: str, rate: float, folder: Path) -> Iterator[None]:
    command = [sys.executable, SOURCES / "publish.py", url, str(rate)]
    with running("publisher", command, CLIENT_CORE, folder) as publisher:
        yield
        publisher.check()


def _fill(name: str, into: Path, /, **values: object) -> Path:
    path = into / name
    path.write_text(Template((SOURCES / name).read_text()).substitute(values))
    return path


# === where they are, and which they are ===


def _debian(path: str) -> Path:
    """A file of Debian's: where install.sh has unpacked it, else the system's own."""
    unpacked = DEBIAN / path
    return unpacked if unpacked.exists() else Path("/") / path


def _nchan_module() -> Path:
    return _debian("usr/lib/nginx/modules/ngx_nchan_module.so")


def _debian_env() -> dict[str, str]:
    """The unpacked programs find the libraries that were unpacked with them."""
    folders = ":".join(map(str, (DEBIAN / "usr/lib").glob("*-linux-gnu*")))
    return {**os.environ, "LD_LIBRARY_PATH": folders} if folders else dict(os.environ)


def _debian_version(*packages: str) -> str:
    """Versions of packages: install.sh keeps the names of the files it unpacked, dpkg knows the others."""
    listing = DEBIAN / "packages"
    unpacked = listing.read_text() if listing.exists() else ""
    versions = []
    for package in packages:
        found = re.findall(rf"^{package}_(?:\d+%3a)?([^_]+)_", unpacked, re.MULTILINE)
        versions.append(found[-1] if found else _said("dpkg-query", "-W", "-f", "${Version}", package))
    return ", ".join(versions)


def _said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _python_versions() -> str:
    names = ("websockets", "uvloop")
    code = f"import platform, importlib.metadata as m; print(*map(m.version, {names}), platform.python_version())"
    return "{}, uvloop {}, Python {}".format(*_said(PYTHON, "-c", code).split())


def _ws_versions() -> str:
    version = json.loads((WS / "package.json").read_text())["version"]
    return f"{version}, Node.js {_said('node', '--version').removeprefix('v')}"


PEERS: tuple[Peer, ...] = (
    Peer("websockets", websockets, (PYTHON,), _python_versions),
    Peer("ws", ws, (WS,), _ws_versions),
    Peer(
        "nchan",
        nchan,
        (_debian("usr/sbin/nginx"), _nchan_module(), Path("/var/lib/nginx")),
        lambda: "{}, nginx {}".format(*_debian_version("libnginx-mod-nchan", "nginx").split(", ")),
    ),
    Peer("mosquitto", mosquitto, (_debian("usr/sbin/mosquitto"),), lambda: _debian_version("mosquitto")),
    Peer("nats", nats, (NATS,), lambda: _said(NATS, "--version").rpartition("v")[2]),
)
