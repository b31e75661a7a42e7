/** The API documents against a real hub: everything it sends is described, and everything described is sent. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Api } from "../../web/src/client/api";
import { requestFrom } from "../../web/src/hub_request";
import { HttpContract, StreamContract } from "../../web/tests/contract";
import { Hub, type HubSettings } from "./hub";
import { ask, askAndLeave, HANDSHAKE, MessageStream, typeOf } from "./raw_client";

/** The origin of a page that is not allowed to connect. */
const ELSEWHERE = { Origin: "http://elsewhere.example" };
/** Each client address may use at most half of the remaining history slots: together these take all 64. */
const SHARES = [32, 16, 8, 4, 2, 1, 1];
/** Messages that these hubs never send, because their rate does not change. */
const NOT_SENT = ["state"];

const folder = mkdtempSync(join(tmpdir(), "tickcast-documents-"));
const DATASET = join(folder, "data.json");
writeFileSync(DATASET, JSON.stringify([{ value: 1 }, { value: 2, note: "x" }, { value: 3 }, { value: 4 }]));

const hubs: Hub[] = [];
afterAll(async () => {
  await Promise.all(hubs.map((hub) => hub.remove()));
  rmSync(folder, { recursive: true });
});

/** Four records in a loop since 2024, each sent on its own. */
async function start(settings: HubSettings = {}): Promise<Hub> {
  const hub = await Hub.start({
    TICKCAST__TOPICS__ECG__DATASET: JSON.stringify(DATASET),
    TICKCAST__TOPICS__ECG__START: '"2024-05-06T07:08:09Z"',
    TICKCAST__TOPICS__ECG__COALESCE: '"0ms"',
    TICKCAST__SERVER__DRAIN: '"1s"',
    ...settings,
  });
  hubs.push(hub);
  return hub;
}

const streams = new StreamContract();
const http = new HttpContract();

/** Fills in the topic of a path template. */
function pathOf(template: string): string {
  return template.replace("{topic}", "ecg");
}

function open(hub: Hub, address: string, query: string): Promise<MessageStream> {
  const url = `${hub.url}${pathOf(address)}${query}`;
  return address.startsWith("/ws") ? MessageStream.overWebSocket(url) : MessageStream.overEvents(url);
}

function takeAll(address: string, stream: MessageStream): void {
  for (const message of stream.messages) streams.check(address, typeOf(message), message);
}

async function checkPing(address: string, stream: MessageStream): Promise<void> {
  const ping = { type: "ping", id: 7 };
  streams.check(address, "ping", ping);
  stream.send(JSON.stringify(ping));
  const report = {
    type: "report",
    seconds: 15,
    bound_us: 1,
    received: 1,
    late: 0,
    missed: 0,
    frames: 1,
    dropped: 0,
  };
  streams.check(address, "report", report);
  stream.send(JSON.stringify(report));
  await stream.waitFor("pong");
}

test.each(["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"])(
  "every message on %s is described and sent",
  async (address) => {
    const hub = await start();
    const stream = await open(hub, address, "?last=300");
    await stream.waitFor("hello", "batch", "jump", "data");
    const stranger = await open(hub, address, "?since=another:1");
    await stranger.waitFor("gap");
    await stream.waitFor("viewers");
    if (address.startsWith("/ws")) {
      await checkPing(address, stream);
      const bare = await MessageStream.overWebSocket(`${hub.url}${pathOf(address)}`, []);
      await bare.waitFor("record");
      takeAll(address, bare);
    }
    hub.drain();
    await stream.waitFor("bye");
    takeAll(address, stream);
    takeAll(address, stranger);

    const once = await start({
      TICKCAST__TOPICS__ECG__LOOP: "false",
      TICKCAST__TOPICS__ECG__START: '"first-run"',
    });
    const ended = await open(once, address, "");
    await ended.waitFor("end");
    takeAll(address, ended);
    const described = streams.described.filter((what) => what.startsWith(`${address} `));
    expect(streams.unseen(described)).toEqual(NOT_SENT.map((name) => `${address} ${name}`));
  },
);

test("every response is described and sent", async () => {
  const hub = await start({ TICKCAST__SERVER__HISTORY_MAX: "1000000", TICKCAST__SERVER__DRAIN: '"10s"' });
  await checkSuccesses(hub);
  await checkRejections(hub);
  await checkJoins(hub);
  await checkLimits(hub);
  await checkDrain(hub);
  expect(http.unseen(http.described)).toEqual([]);
});

function baseOf(hub: Hub, path: string): string {
  return path === "/readyz" ? hub.opsUrl : hub.url;
}

async function checkSuccesses(hub: Hub): Promise<void> {
  const joins = /^\/(ws|sse)/;
  const plain = Object.keys(http.document.paths).filter((path) => !joins.test(path));
  for (const path of plain) http.check(path, await ask(`${baseOf(hub, path)}${pathOf(path)}`));
  http.check("/healthz", await ask(`${hub.opsUrl}/healthz`));
  const history = "/api/v1/topics/{topic}/history";
  for (const query of ["?from=1&to=9", "?from=1&to=9&format=csv", "?last=2&format=ndjson", "?from=9&to=8"])
    http.check(history, await ask(`${hub.url}${pathOf(history)}${query}`));
  for (const [path, query] of [
    ["/"],
    ["/asyncapi.yaml"],
    ["/openapi.yaml"],
    [history, "?from=1&to=9"],
  ] as const) {
    const url = `${hub.url}${pathOf(path)}${query ?? ""}`;
    const { headers } = await ask(url);
    http.check(path, await ask(url, { headers: { "If-None-Match": String(headers.etag) } }));
  }
}

async function checkRejections(hub: Hub): Promise<void> {
  for (const path of Object.keys(http.document.paths)) {
    const url = `${baseOf(hub, path)}${pathOf(path)}`;
    http.check(path, await ask(url, { method: "DELETE" }));
    http.check(path, await ask(url, { body: "x" }));
    http.check(path, await ask(url, { headers: { Host: "a b" } }));
    http.check(path, await ask(url, { headers: { Host: "elsewhere.example" } }));
    if (path.includes("{topic}"))
      http.check(path, await ask(url.replace("ecg", "missing"), { headers: HANDSHAKE }));
  }
  const history = "/api/v1/topics/{topic}/history";
  http.check(history, await ask(`${hub.url}${pathOf(history)}?form=csv`));
  for (const path of ["/api/v1/topics", "/api/v1/topics/{topic}", history])
    http.check(path, await ask(`${hub.url}${pathOf(path)}`, { headers: ELSEWHERE }));
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    const url = `${hub.url}${pathOf(path)}`;
    http.check(path, await ask(`${url}?since=nonsense`, { headers: HANDSHAKE }));
    http.check(path, await ask(url, { headers: { ...HANDSHAKE, ...ELSEWHERE } }));
    if (path.startsWith("/sse")) continue;
    http.check(path, await ask(url));
    http.check(path, await ask(url, { headers: { ...HANDSHAKE, "Sec-WebSocket-Version": "8" } }));
    http.check(path, await ask(`${url}?since=another:1`, { headers: HANDSHAKE }));
  }
}

async function checkJoins(hub: Hub): Promise<void> {
  const offer = { "Sec-WebSocket-Protocol": "tickcast.v1", "Sec-WebSocket-Extensions": "permessage-deflate" };
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    const url = `${hub.url}${pathOf(path)}`;
    http.check(path, await ask(url, { headers: path.startsWith("/ws") ? { ...HANDSHAKE, ...offer } : {} }));
  }
}

/** The hub answers until it has disconnected all of its viewers. */
async function checkDrain(hub: Hub): Promise<void> {
  const viewers = await Promise.all([1, 2].map(() => MessageStream.overWebSocket(`${hub.url}/ws`)));
  hub.drain();
  await Promise.race(viewers.map((viewer) => viewer.waitFor("bye")));
  http.check("/readyz", await ask(`${hub.opsUrl}/readyz`));
}

/** Responses to clients beyond a limit. */
async function checkLimits(hub: Hub): Promise<void> {
  const full = await start({ TICKCAST__SERVER__MAX_VIEWERS: "1" });
  const onePerIp = await start({ TICKCAST__SERVER__MAX_VIEWERS_PER_IP: "1" });
  const occupying = await Promise.all(
    [full, onePerIp].map((hub) => MessageStream.overWebSocket(`${hub.url}/ws`)),
  );
  await Promise.all(occupying.map((stream) => stream.waitFor("hello")));
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    http.check(path, await ask(`${full.url}${pathOf(path)}`, { headers: HANDSHAKE }));
    http.check(path, await ask(`${onePerIp.url}${pathOf(path)}`, { headers: HANDSHAKE }));
  }
  const history = "/api/v1/topics/{topic}/history";
  // Tens of megabytes each: more than a kernel buffers for a client that does not read.
  const long = `${hub.url}${pathOf(history)}?from=1&limit=1000000`;
  const unread: (() => void)[] = [];
  for (const [n, count] of SHARES.entries()) {
    const readers = Array.from({ length: count }, () => askAndLeave(long, `127.0.0.${n + 2}`));
    unread.push(...(await Promise.all(readers)));
    // One more from that address, which has used its share.
    if (n === 0) http.check(history, await ask(long, { localAddress: "127.0.0.2" }));
  }
  const busy = await ask(`${hub.url}${pathOf(history)}?last=1`);
  http.check(history, busy);
  // The page waits as long where it cannot read the header.
  const response = Promise.resolve(new Response("", { status: busy.status }));
  const api = new Api(hub.url, { get: () => ({ response, cancel: () => {} }), after: () => () => {} });
  const { reply } = requestFrom(api, pathOf(history), async () => undefined);
  expect(await reply).toEqual({ kind: "busy", waitMs: Number(busy.headers["retry-after"]) * 1_000 });
  for (const release of unread) release();
}
