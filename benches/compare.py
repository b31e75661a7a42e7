#!/usr/bin/env python3
"""Measures the hub, the floor and the peers in turn, in one run on one machine.

The server under test has core 0 to itself; viewers and publishers share core 1. Compare figures within one table
only: figures from different runs or machines are not comparable. BENCHMARKS.md describes what is measured and how.
Every process started here is terminated here.

With `--against` it compares two builds of the hub instead, pair by pair.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rig.against import DEFAULT_SCENARIOS, DURATION, RUNS, Comparison
from rig.against import SCENARIOS as COMPARED
from rig.peers import PEERS, Peer
from rig.processes import RigError, prepare_this_process
from rig.report import build, heading, machine, write_json
from rig.scenarios import SCENARIOS, Session, say
from rig.servers import HUB, check_hub

INTERRUPTED = 130


def list_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Returns an argument parser for lists such as `a,b` that rejects unknown names; `none` is the empty list."""

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


def program(text: str) -> Path:
    """Parses the path of a hub executable."""
    path = Path(text).resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is not an executable file")
    return path


def parse_arguments() -> argparse.Namespace:
    scenarios = [scenario.name for scenario in SCENARIOS]
    peers = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", type=list_of(scenarios), metavar="SCENARIO,…", help=f"{scenarios}")
    parser.add_argument("--peers", type=list_of(peers), default=peers, metavar="PEER,…", help=f"{peers}, or none")
    parser.add_argument("--runs", type=count, help="runs of each measurement [default: the scenario's]")
    parser.add_argument("--duration", type=seconds, help="length of each measurement [default: the scenario's]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result of every run to this file")
    parser.add_argument(
        "--against",
        type=program,
        metavar="BINARY",
        help=f"compare this tree's build with another build, in pairs: {list(COMPARED)} [default: {RUNS} pairs of "
        f"{','.join(DEFAULT_SCENARIOS)}, {DURATION:g} s each]",
    )
    parser.add_argument("--no-syscalls", action="store_true", help="with --against: do not count system calls (strace)")
    arguments = parser.parse_args()
    if arguments.against and (unknown := [name for name in arguments.only or () if name not in COMPARED]):
        parser.error(f"--against does not compare {', '.join(unknown)}; it compares {', '.join(COMPARED)}")
    if arguments.no_syscalls and not arguments.against:
        parser.error("--no-syscalls requires --against")
    return arguments


def installed(asked: Sequence[str]) -> list[Peer]:
    found = [peer for peer in PEERS if peer.name in asked]
    for peer in found:
        if not peer.is_installed():
            say(f"{peer.name} is skipped: it is not installed; run benches/peers/install.sh")
    return [peer for peer in found if peer.is_installed()]


def run_scenarios(session: Session, asked: Sequence[str]) -> None:
    """Runs the scenarios and prints each table as soon as it is complete, so that an interrupted run still counts."""
    for scenario in SCENARIOS:
        if scenario.name in asked:
            session.begin(scenario)
            print(f"\n{scenario.run(session)}", flush=True)


def compare_builds(arguments: argparse.Namespace) -> int:
    """Compares this tree's build with the one given by `--against`."""
    facts = machine()
    comparison = Comparison(
        arguments.against,
        DEFAULT_SCENARIOS if arguments.only is None else arguments.only,
        arguments.runs or RUNS,
        arguments.duration or DURATION,
        with_syscalls=not arguments.no_syscalls,
    )
    builds = {"before": build(arguments.against), "after": build(HUB)}
    print(heading(facts, {}), flush=True)
    print("\n".join(f"{name}: {what}" for name, what in builds.items()), flush=True)
    try:
        for table in comparison.run():
            print(f"\n{table}", flush=True)
    finally:
        if arguments.json:
            write_json(arguments.json, {"machine": facts, "builds": builds, "runs": comparison.journal})
    return 0


def main() -> int:
    arguments = parse_arguments()
    check_hub()
    prepare_this_process()
    if arguments.against:
        return compare_builds(arguments)
    peers = installed(arguments.peers)
    versions = {peer.name: peer.version() for peer in peers}
    facts = machine()
    session = Session(peers, arguments.runs, arguments.duration)
    print(heading(facts, versions), flush=True)
    asked = [scenario.name for scenario in SCENARIOS] if arguments.only is None else arguments.only
    try:
        run_scenarios(session, asked)
    finally:
        if arguments.json:
            document: dict[str, Any] = {"machine": facts, "peers": versions, "runs": session.journal}
            write_json(arguments.json, document)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
