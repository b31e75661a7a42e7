/** A long record on a slow connection: the built client and a real hub behind a proxy limited to 250 kB/s. */

import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Hub } from "./hub";
import { TestProxy, throttled } from "./test_proxy";

const MODULE = resolve(import.meta.dirname, "../../web/dist/tickcast-client.js");
const BYTES_PER_SECOND = 250_000;
/** 16 s on this connection: longer than the client would wait with short records. */
const RECORD_LEN = 4_000_000;

let hub: Hub | undefined;
let proxy: TestProxy | undefined;
let viewer: ChildProcess | undefined;

afterEach(async () => {
  viewer?.kill("SIGKILL");
  proxy?.close();
  await hub?.remove();
});

test("a record that takes longer than the silence limit arrives on the first attempt", {
  timeout: 90_000,
}, async () => {
  hub = await Hub.startFrom({
    "tickcast.toml":
      '[server]\nrecover_max = 1\n[topics.wide]\ndataset = "wide.json"\nrate = 0.001\nstart = "2024-01-01T00:00:00Z"\n',
    "wide.json": [{ blob: "x".repeat(RECORD_LEN) }],
  });
  proxy = await TestProxy.before(hub.url, throttled(BYTES_PER_SECOND));
  const flags = Number.parseInt(process.versions.node, 10) < 22 ? ["--experimental-websocket"] : [];
  const script = join(import.meta.dirname, "node_viewer.mjs");
  viewer = spawn(process.execPath, [...flags, script, pathToFileURL(MODULE).href, proxy.url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const links: unknown[] = [];
  if (viewer.stdout === null) throw new Error("the viewer's output is not piped");
  for await (const line of createInterface({ input: viewer.stdout })) {
    const [event, what] = JSON.parse(line);
    if (event === "link") links.push(what);
    if (event === "record" || links.includes("waiting")) break;
  }
  expect(links).toEqual(["connecting", "live"]);
});
