/** When the page's address changes. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Address, hubAddress } from "../src/main/address";

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

test("a change is in the address at once", () => {
  new Address(() => "?window=1m").follow();
  expect(written).toEqual(["/live/?window=1m"]);
});

test("a key held down changes it seldom, and ends in what is seen last", () => {
  let presses = 0;
  const address = new Address(() => `?n=${presses}`);
  for (; presses < 300; presses += 1) {
    address.follow();
    vi.advanceTimersByTime(33);
  }
  presses -= 1;
  vi.runAllTimers();
  expect(written.length).toBeLessThan(25);
  expect([written[0], written.at(-1)]).toEqual(["/live/?n=0", "/live/?n=299"]);
});

test("a change after a while is in it at once again", () => {
  const address = new Address(() => "");
  address.follow();
  vi.advanceTimersByTime(10_000);
  address.follow();
  expect(written).toEqual(["/live/", "/live/"]);
});

test("the hub is where the page is, whatever a proxy puts before it", () => {
  for (const [page, hub] of [
    ["http://hub.example/", "http://hub.example"],
    ["http://hub.example:8000/?topic=a/b&at=x:1#y", "http://hub.example:8000"],
    ["https://hub.example/live/", "https://hub.example/live"],
    ["https://hub.example/any/path/index.html?embed=1", "https://hub.example/any/path"],
  ] as const)
    expect(hubAddress(page)).toBe(hub);
});
