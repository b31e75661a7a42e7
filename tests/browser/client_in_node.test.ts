/**
 * The built client library in a separate Node.js process against a real hub. `TICKCAST_NODE` selects another Node.js
 * than the one that runs the tests; before version 22 it needs a flag for WebSocket support.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Hub } from "./hub";
import { TestProxy } from "./test_proxy";

const MODULE = resolve(import.meta.dirname, "../../web/dist/tickcast-client.js");
/** The hub's clock is monotonic, while time servers adjust this machine's wall clock. */
const WALL_DRIFT_MS = 5;

let hub: Hub;
let proxy: TestProxy;
let viewer: ChildProcess;

beforeEach(async () => {
  hub = await Hub.start();
  proxy = await TestProxy.before(hub.url);
  const { TICKCAST_NODE: other, ...env } = process.env;
  const flags = other === undefined && Number.parseInt(process.versions.node, 10) < 22;
  viewer = spawn(
    other ?? process.execPath,
    [
      ...(flags ? ["--experimental-websocket"] : []),
      join(import.meta.dirname, "node_viewer.mjs"),
      pathToFileURL(MODULE).href,
      proxy.url,
    ],
    { stdio: ["pipe", "pipe", "inherit"], env },
  );
});

afterEach(async () => {
  viewer?.kill("SIGKILL");
  proxy?.close();
  await hub?.remove();
});

interface ViewerLog {
  readonly seqs: number[];
  readonly links: string[];
  /** `hello.recovered` of every connection. */
  readonly recovered: unknown[];
  /** Difference between hub time and this machine's clock, and the stated bound, at every pong. */
  readonly clock: [off: number, bound: number][];
}

/** Reads the viewer's output until it exits, calling `act` after each line. */
async function follow(act: (log: ViewerLog) => void): Promise<ViewerLog> {
  const log: ViewerLog = { seqs: [], links: [], recovered: [], clock: [] };
  if (viewer.stdout === null) throw new Error("the viewer's output is not piped");
  for await (const line of createInterface({ input: viewer.stdout })) {
    const [event, ...what] = JSON.parse(line);
    if (event === "record") log.seqs.push(what[0]);
    if (event === "link") log.links.push(what[0]);
    if (event === "hello") log.recovered.push(what[0]);
    if (event === "clock") log.clock.push([what[0], what[1]]);
    act(log);
  }
  return log;
}

test("in Node.js it resumes through three killed connections without gaps or duplicates", async () => {
  const exit = once(viewer, "exit");
  let seenBefore = 0;
  let cuts = 0;
  const log = await follow(({ seqs, recovered }) => {
    if (recovered.length !== cuts + 1 || seqs.length < seenBefore + 50) return;
    seenBefore = seqs.length;
    cuts += 1;
    if (cuts <= 3) proxy.sever();
    else viewer.stdin?.end();
  });
  const first = log.seqs[0] ?? Number.NaN;
  expect(log.seqs).toEqual(log.seqs.map((_, n) => first + n));
  expect(log.recovered).toEqual(Array(4).fill(true));
  expect(log.links).toEqual([
    "connecting",
    "live",
    ...Array(3).fill(["waiting", "connecting", "live"]).flat(),
    "closed",
  ]);
  // It exited on its own.
  expect(await exit).toEqual([0, null]);
});

test("in Node.js its clock error is within its stated bound", async () => {
  const log = await follow(({ clock }) => {
    if (clock.length === 10) viewer.stdin?.end();
  });
  const wrong = log.clock.filter(([off, bound]) => !(Math.abs(off) <= bound + WALL_DRIFT_MS));
  expect(wrong).toEqual([]);
  expect(log.clock.length).toBeGreaterThanOrEqual(10);
});
