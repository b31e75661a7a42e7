/**
 * The client library as it was built, in a Node.js process of its own against a real hub. `TICKCAST_NODE` names another
 * Node.js than the one that runs the tests; before version 22 it needs a flag to have a WebSocket.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Hub } from "./hub";
import { Severing } from "./severing";

const MODULE = resolve(import.meta.dirname, "../../web/dist/tickcast-client.js");
/** The hub's clock runs on by itself, while time servers pull at this machine's. */
const WALL_DRIFT_MS = 5;

let hub: Hub;
let way: Severing;
let viewer: ChildProcess;

beforeEach(async () => {
  hub = await Hub.start();
  way = await Severing.before(hub.url);
  const { TICKCAST_NODE: other, ...env } = process.env;
  const flags = other === undefined && Number.parseInt(process.versions.node, 10) < 22;
  viewer = spawn(
    other ?? process.execPath,
    [
      ...(flags ? ["--experimental-websocket"] : []),
      join(import.meta.dirname, "node_viewer.mjs"),
      pathToFileURL(MODULE).href,
      way.url,
    ],
    { stdio: ["pipe", "pipe", "inherit"], env },
  );
});

afterEach(async () => {
  viewer?.kill("SIGKILL");
  way?.close();
  await hub?.remove();
});

interface Told {
  readonly seqs: number[];
  readonly links: string[];
  /** `hello.recovered` of every connection. */
  readonly recovered: unknown[];
  /** How far the hub's time is from this machine's, and the bound stated for it, at every pong. */
  readonly clock: [off: number, bound: number][];
}

/** Reads what the viewer tells, until it ends. After each line the test may act. */
async function follow(act: (told: Told) => void): Promise<Told> {
  const told: Told = { seqs: [], links: [], recovered: [], clock: [] };
  if (viewer.stdout === null) throw new Error("what the viewer says is not piped");
  for await (const line of createInterface({ input: viewer.stdout })) {
    const [event, ...what] = JSON.parse(line);
    if (event === "record") told.seqs.push(what[0]);
    if (event === "link") told.links.push(what[0]);
    if (event === "hello") told.recovered.push(what[0]);
    if (event === "clock") told.clock.push([what[0], what[1]]);
    act(told);
  }
  return told;
}

test("in Node.js it goes through three killed connections without a hole and without a repeat", async () => {
  const exit = once(viewer, "exit");
  let seenBefore = 0;
  let cuts = 0;
  const told = await follow(({ seqs, recovered }) => {
    if (recovered.length !== cuts + 1 || seqs.length < seenBefore + 50) return;
    seenBefore = seqs.length;
    cuts += 1;
    if (cuts <= 3) way.sever();
    else viewer.stdin?.end();
  });
  const first = told.seqs[0] ?? Number.NaN;
  expect(told.seqs).toEqual(told.seqs.map((_, n) => first + n));
  expect(told.recovered).toEqual(Array(4).fill(true));
  expect(told.links).toEqual([
    "connecting",
    "live",
    ...Array(3).fill(["waiting", "connecting", "live"]).flat(),
    "closed",
  ]);
  // It has ended by itself.
  expect(await exit).toEqual([0, null]);
});

test("in Node.js it knows the hub's time as well as it says", async () => {
  const told = await follow(({ clock }) => {
    if (clock.length === 10) viewer.stdin?.end();
  });
  const wrong = told.clock.filter(([off, bound]) => !(Math.abs(off) <= bound + WALL_DRIFT_MS));
  expect(wrong).toEqual([]);
  expect(told.clock.length).toBeGreaterThanOrEqual(10);
});
