/** The hub's HTTP API: addresses, and what a response means. */

import { expect, test } from "vitest";
import { Api, topicPath } from "../src/client/api";
import type { HttpResponse } from "../src/client/runtime";
import { requestFrom } from "../src/hub_request";
import { FakeRuntime } from "./fake_runtime";

function replying(...responses: readonly (Response | Error)[]) {
  const left = [...responses];
  const requests: { readonly url: string; readonly isFresh: boolean }[] = [];
  const get = (url: string, isFresh: boolean) => {
    requests.push({ url, isFresh });
    const next = left.shift() ?? new Error("unexpected request");
    return {
      response: next instanceof Error ? Promise.reject(next) : Promise.resolve(next),
      cancel: () => {},
    };
  };
  return { requests, api: new Api("http://hub/live/", { get, after: () => () => {} }) };
}

const text = (response: HttpResponse) => response.text();
const replyTo = (api: Api) => requestFrom(api, "/", text).reply;

test("every address is below the hub's URL, over HTTP and WebSocket", () => {
  const api = new Api("https://hub:8443/live/?x#y");
  expect(api.httpUrl("/version")).toBe("https://hub:8443/live/version");
  expect(api.wsUrl("/ws")).toBe("wss://hub:8443/live/ws");
  expect(new Api("ws://[::1]:8000").httpUrl(topicPath("a b"))).toBe("http://[::1]:8000/api/v1/topics/a%20b");
  expect(topicPath(undefined)).toBe("/api/v1/topics");
});

test("a successful response is read", async () => {
  const { api, requests } = replying(new Response("fine"), new Response("fresh"));
  expect(await api.get("/version", text).answer).toBe("fine");
  const fresh = requestFrom(api, "/version", text, { isFresh: true });
  expect(await fresh.reply).toEqual({ kind: "answer", answer: "fresh" });
  expect(requests).toEqual([
    { url: "http://hub/live/version", isFresh: false },
    { url: "http://hub/live/version", isFresh: true },
  ]);
});

test.each([
  [429, { "retry-after": "2" }, 2_000],
  [503, { "retry-after": "0" }, 0],
  [503, {}, 5_000],
  [503, { "retry-after": "Mon, 23 Nov 2026 08:06:28 GMT" }, 5_000],
] as const)("status %d with %j means to wait %d ms", async (status, headers, waitMs) => {
  const { api } = replying(new Response("", { status, headers }));
  expect(await replyTo(api)).toEqual({ kind: "busy", waitMs });
});

test.each([400, 401, 403, 404, 410])("status %d is a refusal", async (status) => {
  const { api } = replying(new Response("", { status }));
  expect(await replyTo(api)).toEqual({ kind: "refused", status });
});

test.each([
  ["no response", new Error("no network")],
  ["an error of a proxy", new Response("", { status: 502 })],
  ["a response that cannot be read", new Response("<html>")],
])("%s counts as unreachable", async (_, response) => {
  const { api } = replying(response);
  expect(await requestFrom(api, "/", (answer) => answer.json()).reply).toEqual({ kind: "unreachable" });
});

test("a request is cancelled when it takes too long, and its time limit ends with it", async () => {
  const fake = new FakeRuntime();
  const cancelled: string[] = [];
  let fail = (_reason: Error): void => {};
  const get = (url: string) => ({
    response: new Promise<HttpResponse>((_, reject) => {
      fail = reject;
    }),
    cancel: () => {
      cancelled.push(url);
      fail(new Error("cancelled"));
    },
  });
  const api = new Api("http://hub", { get, after: fake.runtime.after });
  const slow = api.get("/slow", text, { timeoutMs: 5_000 });
  fake.pass(4_999);
  expect(cancelled).toEqual([]);
  fake.pass(1);
  expect(cancelled).toEqual(["http://hub/slow"]);
  expect(await slow.answer).toBeUndefined();
  const unwanted = api.get("/unwanted", text, { timeoutMs: 5_000 });
  unwanted.cancel();
  expect(await unwanted.answer).toBeUndefined();
  expect(fake.timers).toBe(0);
});
