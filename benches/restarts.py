#!/usr/bin/env python3
"""Measures how long viewers go without records while a hub is restarted in different ways.

A viewer's silence is the longest interval between two records minus the usual one. Viewers reconnect by the rules of
the client library (see rig/crowd.py). The table also shows how long no hub was listening, and for how long new viewers
were refused, which a draining hub does too. With --page it adds the longest time for which a page in Chromium showed
no new record.

  benches/restarts.py --viewers 50,5000 --runs 3
  benches/restarts.py --binary OLD --old-rules --only kill,term,socket --viewers 50 --runs 1
"""

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rig.crowd import attend
from rig.processes import OPEN_FILES, RigError
from rig.report import build
from rig.restarting import SITUATIONS, Probe, Situation
from rig.servers import HUB, ROOT

# (viewers, rate): records a second with up to that many viewers, so that the records alone do not saturate two cores.
RATES = ((1_000, 20.0), (20_000, 4.0))
# Seconds to keep measuring after the restart, by when every viewer should have rejoined.
AFTER_SECONDS = 12.0


@dataclass
class Results:
    """The results of one situation over all runs, in seconds."""

    silences: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    holes: int = 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--binary", type=Path, default=HUB, metavar="FILE", help="the hub [default: the release build]")
    parser.add_argument("--viewers", default="50,5000", metavar="N,…", help="viewers, at most 7,000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(SITUATIONS), metavar="SITUATION,…", help=", ".join(SITUATIONS))
    parser.add_argument("--old-rules", action="store_true", help="viewers reconnect by the previous rules")
    parser.add_argument("--page", action="store_true", help="also measure a page in Chromium")
    return parser.parse_args()


def watch_page(stack: ExitStack, url: str, folder: Path) -> subprocess.Popen[str]:
    """Opens a page and waits until it is live; between two lines of input it measures its longest silence."""
    command = ["npx", "vite-node", "--config", "vitest.browser.config.ts", "../benches/page/restarts.ts", url]
    log = stack.enter_context((folder / "page.log").open("w"))
    page = subprocess.Popen(
        command, cwd=ROOT / "web", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
    )
    stack.callback(lambda: (page.poll() is None and page.kill(), page.wait()))
    assert page.stdout
    if page.stdout.readline().strip() != "live":
        raise RigError(f"the page is not live: {(folder / 'page.log').read_text()[-500:]}")
    return page


def measure(name: str, viewers: int, arguments: argparse.Namespace, found: Results) -> None:
    rate = next(rate for most, rate in RATES if viewers <= most)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        situation = Situation(stack, name, arguments.binary, folder, rate)
        pipe, far = multiprocessing.Pipe()
        crowd = multiprocessing.Process(
            target=attend, args=(far, situation.target, viewers, rate, arguments.old_rules), daemon=True
        )
        crowd.start()
        stack.callback(lambda: (crowd.kill(), crowd.join()))
        joined = pipe.recv()
        if joined != viewers:
            raise RigError(f"{joined} of {viewers} viewers have joined")
        page = watch_page(stack, "http://{}:{}/".format(*situation.target), folder) if arguments.page else None
        situation.prepare()
        # Five seconds after joining, a client treats its connection as stable.
        time.sleep(6.0)
        pipe.send("begin")
        if page:
            assert page.stdin and page.stdout
            print("begin", file=page.stdin, flush=True)
        probe = Probe(situation.target)
        probe.start()
        time.sleep(0.5)
        found.down.append(situation.act())
        time.sleep(AFTER_SECONDS)
        found.refused.append(probe.stop())
        pipe.send("end")
        for longest, wrong in pipe.recv():
            found.silences.append(max(0.0, longest - 1 / rate))
            found.holes += wrong
        if page:
            print("end", file=page.stdin, flush=True)
            found.pages.append(float(page.stdout.readline()) / 1_000)


def quantile(numbers: list[float], part: float) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * part))]


def row(name: str, found: Results) -> str:
    cells = [SITUATIONS[name], *(f"{quantile(found.silences, part):.2f}" for part in (0.5, 0.99)), f"{max(found.silences):.2f}"]
    cells += [f"{max(found.down):.2f}", f"{max(found.refused):.2f}"]
    cells.append(f"{max(found.pages):.2f}" if found.pages else "–")
    cells.append(str(found.holes))
    return f"| {' | '.join(cells)} |"


def main() -> int:
    arguments = parse_arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    names = arguments.only.split(",")
    if unknown := [name for name in names if name not in SITUATIONS]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(SITUATIONS)}")
    print(f"{build(arguments.binary)}; {os.cpu_count()} cores; times in seconds", flush=True)
    for viewers in map(int, arguments.viewers.split(",")):
        rules = ", previous rules" if arguments.old_rules else ""
        print(f"\n{viewers} viewers, runs: {arguments.runs}{rules}\n")
        print("| restart | median | p99 | max | no hub | joins refused | page | holes |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for name in names:
            found = Results()
            for _ in range(arguments.runs):
                measure(name, viewers, arguments, found)
            print(row(name, found), flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as failure:
        sys.exit(f"error: {failure}")
