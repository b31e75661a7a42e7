"""Starts programs pinned to a core and makes sure that they end.

Each is terminated by its pid; if this process is killed, the kernel terminates them (`setpriv --pdeathsig`).
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

# The server under test has the first core to itself; viewers, publisher and this program share the second.
SERVER_CORE = 0
CLIENT_CORE = 1

# One descriptor per viewer plus some spare; the benchmark machines allow no more per process.
OPEN_FILES = 20_000

# Long enough for any of the programs to start listening, or to exit after SIGTERM.
START_SECONDS = 15.0
END_SECONDS = 5.0
POLL_SECONDS = 0.02


class RigError(Exception):
    """A program failed or did not respond in time; the message names it and shows its output."""


class Program:
    """A running program and its output so far."""

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
        """Raises if the program is no longer running."""
        if self._process.poll() is not None:
            output = "\n  ".join(self.lines()[-5:])
            raise RigError(f"{self.name} ended with {self._process.returncode}; it wrote:\n  {output}")

    def memory_kib(self, name: str) -> int:
        """`VmRSS`, the resident memory now, or `VmHWM`, its peak."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise RigError(f"the kernel does not report {name} of {self.name}")

    def children(self) -> list[int]:
        """The pids of its child processes."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def end(self) -> None:
        """Terminates the program; kills it and its children if it does not exit in time."""
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
    """Runs the program for the duration of the block, pinned to a core or a list such as `0,1`; its output goes to a
    file in `folder`."""
    pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", str(core), *map(str, command)]
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        # A separate process group: Ctrl-C at the terminal reaches only this process, which then ends the others.
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
    """Polls `look` until it returns something, and returns that."""
    until = time.monotonic() + START_SECONDS
    while (found := look()) is None:
        program.check()
        if time.monotonic() > until:
            raise RigError(f"{program.name}: no {what} within {START_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return found


def free_port() -> int:
    """A free port, for programs that cannot pick one themselves and report it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool | None:
    """True if a server is listening on the port, otherwise None."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return None
    return True


def prepare_this_process() -> None:
    """Moves this process off the server's core, raises its limit of open files, and handles signals like Ctrl-C."""
    if not {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0):
        raise RigError("two cores are needed, 0 for the server and 1 for its viewers")
    os.sched_setaffinity(0, {CLIENT_CORE})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
