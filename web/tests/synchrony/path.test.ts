/** Simulated paths: delays, order, and forwarding of bytes. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { sampleDelay } from "../../../tests/synchrony/path/delay_model";
import { DelayProxy } from "../../../tests/synchrony/path/delay_proxy";
import { DelayQueue } from "../../../tests/synchrony/path/delay_queue";
import { drawPaths } from "../../../tests/synchrony/profiles";
import { seeded } from "../samples";

const MODEL = { floorMs: 20, queueMs: 4, spikeShare: 0.03, spikeMs: 80 };

function delays(model: typeof MODEL, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: 20_000 }, () => sampleDelay(model, random));
}

test("a delay is a minimum plus exponential queueing and occasional spikes", () => {
  const calm = delays({ ...MODEL, spikeShare: 0 }, 1);
  expect(Math.min(...calm)).toBeGreaterThanOrEqual(20);
  expect(calm.reduce((sum, each) => sum + each, 0) / calm.length).toBeCloseTo(24, 0);
  // An exponential delay exceeds ten times its mean once in 20,000; half of the spikes do.
  const spikes = delays(MODEL, 1).filter((each) => each > 60).length;
  expect(spikes / 20_000).toBeGreaterThan(0.01);
  expect(spikes / 20_000).toBeLessThan(0.025);
});

test("the same seed gives the same delays", () => {
  expect(delays(MODEL, 7)).toEqual(delays(MODEL, 7));
  expect(delays(MODEL, 7)).not.toEqual(delays(MODEL, 8));
});

test("a page's minimum delay is the same in both directions and within its network's range", () => {
  for (const { up, down } of drawPaths("broadband", 50, seeded(3))) {
    expect(up.floorMs).toBe(down.floorMs);
    expect(up.floorMs).toBeGreaterThanOrEqual(5);
    expect(up.floorMs).toBeLessThanOrEqual(75);
  }
});

test("items stay in order however long an earlier one is delayed", () => {
  const applied = { delays: [], excesses: [] };
  const chosen = [30, 5, 5, 5];
  const queue = new DelayQueue<string>(() => chosen.shift() as number, applied);
  queue.push("spike", 0);
  queue.push("behind", 10);
  queue.push("also behind", 20);
  expect(queue.untilNextMs(20)).toBe(10);
  expect(queue.takeDue(20)).toEqual([]);
  queue.push("later", 28);
  expect(queue.takeDue(31)).toEqual(["spike", "behind", "also behind"]);
  expect(queue.takeDue(34)).toEqual(["later"]);
  expect(queue.untilNextMs(34)).toBeUndefined();
  expect(applied).toEqual({ delays: [31, 21, 11, 6], excesses: [1, 1, 1, 1] });
});

test("a proxy forwards bytes unchanged both ways, and half-closes", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const { port } = echo.address() as AddressInfo;
  const model = { floorMs: 1, queueMs: 2, spikeShare: 0.1, spikeMs: 5 };
  const path = { up: model, down: model };
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
