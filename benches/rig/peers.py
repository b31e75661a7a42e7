"""The peers: other broadcast servers, and how to start each of them.

BENCHMARKS.md and the head of each file in `benches/peers/` explain how each one is configured and why that is its fast
configuration.
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
    """A server to compare with: how to start it, the files it needs, and how to get its version."""

    name: str
    serve: Callable[[float, Path], AbstractContextManager[Server]]
    needs: tuple[Path, ...]
    version: Callable[[], str]

    def is_installed(self) -> bool:
        return all(path.exists() for path in self.needs)


# === servers that generate the records themselves ===


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
    port = wait_for("port", program, lambda: _printed_port(program))
    return Server(f"ws://127.0.0.1:{port}/", program.pid, program, "t")


def _printed_port(program: Program) -> int | None:
    first = next(iter(program.lines()), "")
    return int(json.loads(first)["port"]) if first.startswith("{") and first.endswith("}") else None


# === brokers, fed by our publisher, which runs on the viewers' core ===


@contextmanager
def nchan(rate: float, folder: Path) -> Iterator[Server]:
    port = free_port()
    config = _fill("nginx.conf", folder, port=port, folder=folder, module=_nchan_module())
    command = [_debian("usr/sbin/nginx"), "-p", folder, "-e", folder / "error.log", "-c", config]
    with running("nchan", command, SERVER_CORE, folder, _debian_env()) as program:
        wait_for("listener", program, lambda: accepts(port))
        # The master process only supervises; the worker serves.
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


# === installed files and versions ===


def _debian(path: str) -> Path:
    """The path of a file from a Debian package: unpacked by install.sh, otherwise the system's."""
    unpacked = DEBIAN / path
    return unpacked if unpacked.exists() else Path("/") / path


def _nchan_module() -> Path:
    return _debian("usr/lib/nginx/modules/ngx_nchan_module.so")


def _debian_env() -> dict[str, str]:
    """An environment in which unpacked programs find the libraries unpacked with them."""
    folders = ":".join(map(str, (DEBIAN / "usr/lib").glob("*-linux-gnu*")))
    return {**os.environ, "LD_LIBRARY_PATH": folders} if folders else dict(os.environ)


def _debian_version(*packages: str) -> str:
    """Versions of packages: from the file names that install.sh recorded for unpacked ones, otherwise from dpkg."""
    listing = DEBIAN / "packages"
    unpacked = listing.read_text() if listing.exists() else ""
    versions = []
    for package in packages:
        found = re.findall(rf"^{package}_(?:\d+%3a)?([^_]+)_", unpacked, re.MULTILINE)
        versions.append(found[-1] if found else _output("dpkg-query", "-W", "-f", "${Version}", package))
    return ", ".join(versions)


def _output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _python_versions() -> str:
    names = ("websockets", "uvloop")
    code = f"import platform, importlib.metadata as m; print(*map(m.version, {names}), platform.python_version())"
    return "{}, uvloop {}, Python {}".format(*_output(PYTHON, "-c", code).split())


def _ws_versions() -> str:
    version = json.loads((WS / "package.json").read_text())["version"]
    return f"{version}, Node.js {_output('node', '--version').removeprefix('v')}"


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
    Peer("nats", nats, (NATS,), lambda: _output(NATS, "--version").rpartition("v")[2]),
)
