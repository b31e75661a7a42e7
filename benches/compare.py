#!/usr/bin/env python3
"""Measures the hub, the floor and the peers in turn, on one machine and in one call.

The server under test has core 0 for itself; viewers and publishers share core 1. Figures of two calls,
or of two machines, say little about each other: what can be compared is what stands in one table.
BENCHMARKS.md tells what is measured and how. Everything that is started here is ended here.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rig.peers import PEERS, Peer
from rig.processes import Failed, prepare_this_process
from rig.report import heading, machine, write_json
from rig.scenarios import SCENARIOS, Session, say
from rig.servers import check_hub

INTERRUPTED = 130


def list_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """A parser of lists such as `a,b`, every name of which must be known; `none` is the empty list."""

    def parse(text: str) -> list[str]:
        asked = [] if text == "none" else text.split(",")
        if unknown := [name for name in asked if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return asked

    return parse


def seconds(text: str) -> float:
    """Parses `20s`, or seconds without a unit."""
    value = float(text.removesuffix("s"))
    if not 1 <= value <= 3600:
        raise argparse.ArgumentTypeError("from 1s to 3600s")
    return value


def count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("from 1 to 1000")
    return value


def parse_arguments() -> argparse.Namespace:
    scenarios = [scenario.name for scenario in SCENARIOS]
    peers = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", type=list_of(scenarios), default=scenarios, metavar="SCENARIO,…", help=f"{scenarios}")
    parser.add_argument("--peers", type=list_of(peers), default=peers, metavar="PEER,…", help=f"{peers}, or none")
    parser.add_argument("--runs", type=count, help="runs of each measurement, instead of each scenario's own")
    parser.add_argument("--duration", type=seconds, help="length of each measurement, instead of each scenario's own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single run into this file")
    return parser.parse_args()


def installed(asked: Sequence[str]) -> list[Peer]:
    found = [peer for peer in PEERS if peer.name in asked]
    for peer in found:
        if not peer.is_installed():
            say(f"{peer.name} is left out: it is not here; benches/peers/install.sh installs it")
    return [peer for peer in found if peer.is_installed()]


def run_scenarios(session: Session, asked: Sequence[str]) -> None:
    """Each table appears as soon as it is known, so that an interrupted call has not been for nothing."""
    for scenario in SCENARIOS:
        if scenario.name in asked:
            session.begin(scenario)
            print(f"\n{scenario.run(session)}", flush=True)


def main() -> int:
    arguments = parse_arguments()
    check_hub()
    prepare_this_process()
    peers = installed(arguments.peers)
    versions = {peer.name: peer.version() for peer in peers}
    facts = machine()
    session = Session(peers, arguments.runs, arguments.duration)
    print(heading(facts, versions), flush=True)
    try:
        run_scenarios(session, arguments.only)
    finally:
        if arguments.json:
            document: dict[str, Any] = {"machine": facts, "peers": versions, "runs": session.journal}
            write_json(arguments.json, document)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
