"""Starts programs on a core of their own and ends them, whatever happens to this one.

Each is ended by its pid. Should this program itself be killed, the kernel ends them (`setpriv
--pdeathsig`).
"""

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

# The server under test has the first core for itself; viewers, publisher and this program the second.
SERVER_CORE = 0
CLIENT_CORE = 1

# A descriptor each viewer, and some. A process must not open more than this many here.
OPEN_FILES = 20_000

# Long enough for any of them to begin to listen, or to end when told to.
START_SECONDS = 15.0
END_SECONDS = 5.0
POLL_SECONDS = 0.02


class Failed(Exception):
    """A program did not do what it is here for; the message says which and what it wrote."""


class Program:
    """A running program, and what it has written so far."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    def lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()

    def check(self) -> None:
        """Raises when the program is no longer running."""
        if self._process.poll() is not None:
            said = "\n  ".join(self.lines()[-5:])
            raise Failed(f"{self.name} ended with {self._process.returncode}; it wrote:\n  {said}")

    def memory_kib(self, name: str) -> int:
        """`VmRSS`, what it holds now, or `VmHWM`, the most that it ever held."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise Failed(f"the kernel says nothing of {name} of {self.name}")

    def children(self) -> list[int]:
        """The pids of its own processes."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def end(self) -> None:
        """Ends it, politely at first."""
        if self._process.poll() is not None:
            return
        children = self.children()
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            for pid in children:
                _kill_if_alive(pid)


def _kill_if_alive(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def running(
    name: str, command: Sequence[object], core: int | str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """The program on its core, or on those of a list such as `0,1`, for as long as the block lasts; what it writes goes to a file in `folder`."""
    pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", str(core), *map(str, command)]
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        # A group of its own: Ctrl-C at the terminal is for this program, which then ends the others.
        process = subprocess.Popen(
            pinned,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            process_group=0,
        )
    program = Program(name, process, log)
    try:
        yield program
    finally:
        program.end()


def wait_for(what: str, program: Program, look: Callable[[], Found | None]) -> Found:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + START_SECONDS
    while (found := look()) is None:
        program.check()
        if time.monotonic() > until:
            raise Failed(f"{program.name}: no {what} within {START_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return found


def free_port() -> int:
    """A port that nobody listens on, for programs that cannot choose one and tell it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool | None:
    """True when somebody listens on the port, None while nobody does."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return None
    return True


def prepare_this_process() -> None:
    """Moves this program off the server's core, lets it open enough, and has every signal end it as Ctrl-C does."""
    if not {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0):
        raise Failed("two cores are needed, 0 for the server and 1 for its viewers")
    os.sched_setaffinity(0, {CLIENT_CORE})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
