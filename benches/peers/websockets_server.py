"""A broadcast server with Python's websockets, the fast way its documentation tells.

That is `broadcast()`, which encodes a message once and never waits for a viewer, on uvloop, without
compression. Keepalive pings are off, which only helps it. Usage: websockets_server.py RATE; the first
line on standard output tells the port.
"""

import asyncio
import json
import sys
from itertools import count

import uvloop
from ticks import Schedule
from websockets.asyncio.server import ServerConnection, broadcast, serve

# Viewers come by the thousand at once; the kernel caps this at its own limit.
BACKLOG = 4096

viewers: set[ServerConnection] = set()


async def seat(viewer: ServerConnection) -> None:
    viewers.add(viewer)
    try:
        await viewer.wait_closed()
    finally:
        viewers.discard(viewer)


async def tick(rate: float) -> None:
    schedule = Schedule(rate)
    for index in count():
        # Not positive when late: the loop then only looks at its sockets between two records.
        await asyncio.sleep(max(0.0, schedule.wait(index)))
        broadcast(viewers, schedule.record(index).decode())


async def main(rate: float) -> None:
    options = {"compression": None, "ping_interval": None, "backlog": BACKLOG}
    async with serve(seat, "127.0.0.1", 0, **options) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await tick(rate)


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1])))
