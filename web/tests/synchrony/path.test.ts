/** The paths that a run imitates: their delays, their order, and the bytes that pass. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { delayBy } from "../../../tests/synchrony/path/law";
import { DelayProxy } from "../../../tests/synchrony/path/proxy";
import { Way } from "../../../tests/synchrony/path/way";
import { drawPaths } from "../../../tests/synchrony/profiles";
import { seeded } from "../random";

const LAW = { floorMs: 20, queueMs: 4, spikeShare: 0.03, spikeMs: 80 };

function delays(law: typeof LAW, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: 20_000 }, () => delayBy(law, random));
}

test("a delay is a floor, exponential queueing on top, and now and then a spike", () => {
  const calm = delays({ ...LAW, spikeShare: 0 }, 1);
  expect(Math.min(...calm)).toBeGreaterThanOrEqual(20);
  expect(calm.reduce((sum, each) => sum + each, 0) / calm.length).toBeCloseTo(24, 0);
  // More than ten times the mean of an exponential queue is one in twenty thousand; of the spikes it is the half.
  const spikes = delays(LAW, 1).filter((each) => each > 60).length;
  expect(spikes / 20_000).toBeGreaterThan(0.01);
  expect(spikes / 20_000).toBeLessThan(0.025);
});

test("the same seed gives the same delays", () => {
  expect(delays(LAW, 7)).toEqual(delays(LAW, 7));
  expect(delays(LAW, 7)).not.toEqual(delays(LAW, 8));
});

test("a page's floor is the same in both directions, and within those of its network", () => {
  for (const { up, down } of drawPaths("broadband", 50, seeded(3))) {
    expect(up.floorMs).toBe(down.floorMs);
    expect(up.floorMs).toBeGreaterThanOrEqual(5);
    expect(up.floorMs).toBeLessThanOrEqual(75);
  }
});

test("nothing overtakes, however long what came before it takes", () => {
  const applied = { delays: [], excesses: [] };
  const chosen = [30, 5, 5, 5];
  const way = new Way<string>(() => chosen.shift() as number, applied);
  way.enter("spike", 0);
  way.enter("behind", 10);
  way.enter("also behind", 20);
  expect(way.wait(20)).toBe(10);
  expect(way.leave(20)).toEqual([]);
  way.enter("later", 28);
  expect(way.leave(31)).toEqual(["spike", "behind", "also behind"]);
  expect(way.leave(34)).toEqual(["later"]);
  expect(way.wait(34)).toBeUndefined();
  expect(applied).toEqual({ delays: [31, 21, 11, 6], excesses: [1, 1, 1, 1] });
});

test("bytes pass a proxy unchanged, both ways, and so does the end of each direction", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const { port } = echo.address() as AddressInfo;
  const law = { floorMs: 1, queueMs: 2, spikeShare: 0.1, spikeMs: 5 };
  const path = { up: law, down: law };
  const proxy = await DelayProxy.before(`http://127.0.0.1:${port}`, path, seeded(2));
  const random = seeded(5);
  const sent = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(random() * 256)));
  const socket = connect({ port: Number(new URL(proxy.url).port), host: "127.0.0.1", allowHalfOpen: true });
  const came: Buffer[] = [];
  socket.on("data", (chunk) => came.push(chunk));
  for (let at = 0; at < sent.length; at += 1_000) socket.write(sent.subarray(at, at + 1_000));
  socket.end();
  await once(socket, "end");
  expect(Buffer.concat(came).equals(sent)).toBe(true);
  expect(Math.min(...proxy.up.delays, ...proxy.down.delays)).toBeGreaterThanOrEqual(0.5);
  proxy.close();
  echo.close();
});
