/** When the page updates its URL. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AddressBar, hubAddress } from "../src/main/address_bar";

const written: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  written.length = 0;
  vi.stubGlobal("location", { pathname: "/live/" });
  vi.stubGlobal("history", { replaceState: (_: null, __: "", url: string) => void written.push(url) });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a change is written to the URL immediately", () => {
  new AddressBar(() => "?window=1m").update();
  expect(written).toEqual(["/live/?window=1m"]);
});

test("a key held down causes few updates, and the last one has the final state", () => {
  let presses = 0;
  const address = new AddressBar(() => `?n=${presses}`);
  for (; presses < 300; presses += 1) {
    address.update();
    vi.advanceTimersByTime(33);
  }
  presses -= 1;
  vi.runAllTimers();
  expect(written.length).toBeLessThan(25);
  expect([written[0], written.at(-1)]).toEqual(["/live/?n=0", "/live/?n=299"]);
});

test("a change after a pause is written immediately again", () => {
  const address = new AddressBar(() => "");
  address.update();
  vi.advanceTimersByTime(10_000);
  address.update();
  expect(written).toEqual(["/live/", "/live/"]);
});

test("the hub's URL is the page's, including any path that a proxy adds", () => {
  for (const [page, hub] of [
    ["http://hub.example/", "http://hub.example"],
    ["http://hub.example:8000/?topic=a/b&at=x:1#y", "http://hub.example:8000"],
    ["https://hub.example/live/", "https://hub.example/live"],
    ["https://hub.example/any/path/index.html?embed=1", "https://hub.example/any/path"],
  ] as const)
    expect(hubAddress(page)).toBe(hub);
});
