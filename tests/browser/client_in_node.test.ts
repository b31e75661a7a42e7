/**
 * The built client library in a separate Node.js process against a real hub, with the `WebSocket` of Node.js and with
 * that of the package `ws`. `TICKCAST_NODE` selects another Node.js than the one that runs the tests; before version 22
 * its own `WebSocket` needs a flag.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Hub } from "./hub";
import { TestProxy } from "./test_proxy";

/** The package as a user would import it. */
const WS = resolve(import.meta.dirname, "../../web/node_modules/ws/wrapper.mjs");
const MODULE = resolve(import.meta.dirname, "../../web/dist/tickcast-client.js");
/** The hub's clock is monotonic, while time servers adjust this machine's wall clock. */
const WALL_DRIFT_MS = 5;

let hub: Hub;
let proxy: TestProxy;
let viewer: ChildProcess;

beforeEach(async () => {
  hub = await Hub.start();
  proxy = await TestProxy.before(hub.url);
});

/** Starts the viewer, with the sockets of this module if given. */
function start(sockets: string | undefined): void {
  const { TICKCAST_NODE: other, ...env } = process.env;
  const needsFlag = sockets === undefined && other === undefined;
  const isOld = Number.parseInt(process.versions.node, 10) < 22;
  viewer = spawn(
    other ?? process.execPath,
    [
      ...(needsFlag && isOld ? ["--experimental-websocket"] : []),
      join(import.meta.dirname, "node_viewer.mjs"),
      pathToFileURL(MODULE).href,
      proxy.url,
      ...(sockets === undefined ? [] : [pathToFileURL(sockets).href]),
    ],
    { stdio: ["pipe", "pipe", "inherit"], env },
  );
}

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

describe.each([
  ["its own WebSocket", undefined],
  ["the WebSocket of ws", WS],
])("in Node.js with %s", (_, sockets) => {
  beforeEach(() => start(sockets));

  test("it resumes through three killed connections without gaps or duplicates", resumes);
  test("its clock error is within its stated bound", knowsItsError);
});

async function resumes(): Promise<void> {
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
}

async function knowsItsError(): Promise<void> {
  const log = await follow(({ clock }) => {
    if (clock.length === 10) viewer.stdin?.end();
  });
  const wrong = log.clock.filter(([off, bound]) => !(Math.abs(off) <= bound + WALL_DRIFT_MS));
  expect(wrong).toEqual([]);
  expect(log.clock.length).toBeGreaterThanOrEqual(10);
}
