"""A broadcast server with Python's websockets, in the fast configuration that its documentation recommends.

That is `broadcast()`, which encodes a message once and never waits for a viewer, on uvloop and without compression.
Keepalive pings are off, which can only make it faster. Usage: websockets_server.py RATE; the first line on standard
output contains the port.
"""

import asyncio
import json
import sys
from itertools import count

import uvloop
from ticks import Schedule
from websockets.asyncio.server import ServerConnection, broadcast, serve

# Thousands of viewers connect at once; the kernel caps the backlog at its own limit.
BACKLOG = 4096

viewers: set[ServerConnection] = set()


async def handle(viewer: ServerConnection) -> None:
    viewers.add(viewer)
    try:
        await viewer.wait_closed()
    finally:
        viewers.discard(viewer)


async def tick(rate: float) -> None:
    schedule = Schedule(rate)
    for index in count():
        # When late, sleeps for zero seconds, which only lets the event loop serve its sockets.
        await asyncio.sleep(max(0.0, schedule.wait(index)))
        broadcast(viewers, schedule.record(index).decode())


async def main(rate: float) -> None:
    options = {"compression": None, "ping_interval": None, "backlog": BACKLOG}
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await tick(rate)


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1])))
