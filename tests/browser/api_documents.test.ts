/** The API documents against a real hub: what it says is described, and what is described it says. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { HttpContract, StreamContract } from "../../web/tests/contract";
import { ask, askAndLeave, HANDSHAKE, Stream, typeOf } from "./asking";
import { Hub, type Settings } from "./hub";

/** From a page that may not connect. */
const ELSEWHERE = { Origin: "http://elsewhere.example" };
/** An address has at most half of the places for answers that are left: together these have all 64. */
const SHARES = [32, 16, 8, 4, 2, 1, 1];
/** Said by hubs whose rate is changed, which that of these is not. */
const UNSAID = ["state"];

const folder = mkdtempSync(join(tmpdir(), "tickcast-documents-"));
const DATASET = join(folder, "data.json");
writeFileSync(DATASET, JSON.stringify([{ value: 1 }, { value: 2, note: "x" }, { value: 3 }, { value: 4 }]));

const hubs: Hub[] = [];
afterAll(async () => {
  await Promise.all(hubs.map((hub) => hub.remove()));
  rmSync(folder, { recursive: true });
});

/** Four records, over and over since 2024, each sent alone. */
async function start(settings: Settings = {}): Promise<Hub> {
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

/** The path that an address or a template stands for. */
function pathOf(template: string): string {
  return template.replace("{topic}", "ecg");
}

function open(hub: Hub, address: string, query: string): Promise<Stream> {
  const url = `${hub.url}${pathOf(address)}${query}`;
  return address.startsWith("/ws") ? Stream.overWebSocket(url) : Stream.overEvents(url);
}

function takeAll(address: string, stream: Stream): void {
  for (const said of stream.said) streams.take(address, typeOf(said), said);
}

async function pingOn(address: string, stream: Stream): Promise<void> {
  const ping = { type: "ping", id: 7 };
  streams.take(address, "ping", ping);
  stream.say(JSON.stringify(ping));
  await stream.hears("pong");
}

test.each(["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"])(
  "every message on %s is described and sent",
  async (address) => {
    const hub = await start();
    const stream = await open(hub, address, "?last=300");
    await stream.hears("hello", "batch", "jump", "data");
    const stranger = await open(hub, address, "?since=another:1");
    await stranger.hears("gap");
    await stream.hears("viewers");
    if (address.startsWith("/ws")) {
      await pingOn(address, stream);
      const bare = await Stream.overWebSocket(`${hub.url}${pathOf(address)}`, []);
      await bare.hears("record");
      takeAll(address, bare);
    }
    hub.drain();
    await stream.hears("bye");
    takeAll(address, stream);
    takeAll(address, stranger);

    const once = await start({
      TICKCAST__TOPICS__ECG__LOOP: "false",
      TICKCAST__TOPICS__ECG__START: '"first-run"',
    });
    const ended = await open(once, address, "");
    await ended.hears("end");
    takeAll(address, ended);
    const described = streams.described.filter((what) => what.startsWith(`${address} `));
    expect(streams.unseen(described)).toEqual(UNSAID.map((name) => `${address} ${name}`));
  },
);

test("every answer is described and given", async () => {
  const hub = await start({ TICKCAST__SERVER__HISTORY_MAX: "1000000", TICKCAST__SERVER__DRAIN: '"10s"' });
  await takeWhatIsThere(hub);
  await takeRefusals(hub);
  await takeJoins(hub);
  await takeCrowds(hub);
  await takeDrain(hub);
  expect(http.unseen(http.described)).toEqual([]);
});

function baseOf(hub: Hub, path: string): string {
  return path === "/readyz" ? hub.opsUrl : hub.url;
}

async function takeWhatIsThere(hub: Hub): Promise<void> {
  const joins = /^\/(ws|sse)/;
  const plain = Object.keys(http.document.paths).filter((path) => !joins.test(path));
  for (const path of plain) http.take(path, await ask(`${baseOf(hub, path)}${pathOf(path)}`));
  http.take("/healthz", await ask(`${hub.opsUrl}/healthz`));
  const history = "/api/v1/topics/{topic}/history";
  for (const query of ["?from=1&to=9", "?from=1&to=9&format=csv", "?last=2&format=ndjson", "?from=9&to=8"])
    http.take(history, await ask(`${hub.url}${pathOf(history)}${query}`));
  for (const [path, query] of [
    ["/"],
    ["/asyncapi.yaml"],
    ["/openapi.yaml"],
    [history, "?from=1&to=9"],
  ] as const) {
    const url = `${hub.url}${pathOf(path)}${query ?? ""}`;
    const { headers } = await ask(url);
    http.take(path, await ask(url, { headers: { "If-None-Match": String(headers.etag) } }));
  }
}

async function takeRefusals(hub: Hub): Promise<void> {
  for (const path of Object.keys(http.document.paths)) {
    const url = `${baseOf(hub, path)}${pathOf(path)}`;
    http.take(path, await ask(url, { method: "DELETE" }));
    http.take(path, await ask(url, { body: "x" }));
    http.take(path, await ask(url, { headers: { Host: "a b" } }));
    http.take(path, await ask(url, { headers: { Host: "elsewhere.example" } }));
    if (path.includes("{topic}"))
      http.take(path, await ask(url.replace("ecg", "nobody"), { headers: HANDSHAKE }));
  }
  const history = "/api/v1/topics/{topic}/history";
  http.take(history, await ask(`${hub.url}${pathOf(history)}?form=csv`));
  for (const path of ["/api/v1/topics", "/api/v1/topics/{topic}"])
    http.take(path, await ask(`${hub.url}${pathOf(path)}`, { headers: ELSEWHERE }));
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    const url = `${hub.url}${pathOf(path)}`;
    http.take(path, await ask(`${url}?since=nonsense`, { headers: HANDSHAKE }));
    http.take(path, await ask(url, { headers: { ...HANDSHAKE, ...ELSEWHERE } }));
    if (path.startsWith("/sse")) continue;
    http.take(path, await ask(url));
    http.take(path, await ask(url, { headers: { ...HANDSHAKE, "Sec-WebSocket-Version": "8" } }));
    http.take(path, await ask(`${url}?since=another:1`, { headers: HANDSHAKE }));
  }
}

async function takeJoins(hub: Hub): Promise<void> {
  const offer = { "Sec-WebSocket-Protocol": "tickcast.v1", "Sec-WebSocket-Extensions": "permessage-deflate" };
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    const url = `${hub.url}${pathOf(path)}`;
    http.take(path, await ask(url, { headers: path.startsWith("/ws") ? { ...HANDSHAKE, ...offer } : {} }));
  }
}

/** The hub is there for as long as it has not sent all of its viewers away. */
async function takeDrain(hub: Hub): Promise<void> {
  const viewers = await Promise.all([1, 2].map(() => Stream.overWebSocket(`${hub.url}/ws`)));
  hub.drain();
  await Promise.race(viewers.map((viewer) => viewer.hears("bye")));
  http.take("/readyz", await ask(`${hub.opsUrl}/readyz`));
}

/** Answers to those who come too many. */
async function takeCrowds(hub: Hub): Promise<void> {
  const full = await start({ TICKCAST__SERVER__MAX_VIEWERS: "1" });
  const jealous = await start({ TICKCAST__SERVER__MAX_VIEWERS_PER_IP: "1" });
  const seated = await Promise.all([full, jealous].map((hub) => Stream.overWebSocket(`${hub.url}/ws`)));
  await Promise.all(seated.map((stream) => stream.hears("hello")));
  for (const path of ["/ws", "/ws/{topic}", "/sse", "/sse/{topic}"]) {
    http.take(path, await ask(`${full.url}${pathOf(path)}`, { headers: HANDSHAKE }));
    http.take(path, await ask(`${jealous.url}${pathOf(path)}`, { headers: HANDSHAKE }));
  }
  const history = "/api/v1/topics/{topic}/history";
  // Tens of megabytes each: more than a kernel takes for somebody who does not read.
  const long = `${hub.url}${pathOf(history)}?from=1&limit=1000000`;
  const unread: (() => void)[] = [];
  for (const [n, count] of SHARES.entries()) {
    const readers = Array.from({ length: count }, () => askAndLeave(long, `127.0.0.${n + 2}`));
    unread.push(...(await Promise.all(readers)));
    // One more from that address, which has its share.
    if (n === 0) http.take(history, await ask(long, { localAddress: "127.0.0.2" }));
  }
  http.take(history, await ask(`${hub.url}${pathOf(history)}?last=1`));
  for (const letGo of unread) letGo();
}
