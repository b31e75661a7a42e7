/** The page's address: the hub, the options in the query, and when they are written. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AddressBar,
  hubAddress,
  type PageOptions,
  readOptions,
  TOPICS_MAX,
  writeOptions,
} from "../src/main/address";
import { WINDOW_DEFAULT_MS } from "../src/viewport";

const nothing: PageOptions = {
  topics: [],
  windowMs: WINDOW_DEFAULT_MS,
  at: undefined,
  theme: undefined,
  isKiosk: false,
  isEmbed: false,
};

const everything: PageOptions = {
  topics: ["ecg", "grid.freq"],
  windowMs: 90_000,
  at: { epoch: "a1b2", seq: 81_234 },
  theme: "dark",
  isKiosk: true,
  isEmbed: true,
};

test("without a query: the default topic, ten seconds, live, the device's theme", () => {
  expect(readOptions("")).toEqual(nothing);
});

test("all options are read", () => {
  const query = "?topic=ecg,grid.freq&window=90s&at=a1b2:81234&theme=dark&kiosk=1&embed=1";
  expect(readOptions(query)).toEqual(everything);
});

test("written options are readable and read back unchanged", () => {
  expect(writeOptions(everything)).toBe(
    "?topic=ecg,grid.freq&window=90s&at=a1b2:81234&theme=dark&kiosk=1&embed=1",
  );
  expect(readOptions(writeOptions(everything))).toEqual(everything);
});

test("defaults are not written", () => {
  expect(writeOptions(nothing)).toBe("");
});

test("other parameters are kept, options that no longer apply are removed", () => {
  expect(writeOptions(nothing, "?token=s3cret&topic=ecg&at=a1b2:7&kiosk=1")).toBe("?token=s3cret");
});

test.each([
  ["?columns=temp_C,rel_humidity_%25", ["temp_C", "rel_humidity_%"]],
  ["?columns=a%252Cb,100%2525", ["a,b", "100%25"].map((name) => name.replace("%25", "%"))],
  ["?columns=", [""]],
  ["?columns=weather/temp,yard/", ["weather/temp", "yard/"]],
])("the columns in %s are read, and written as they were", (query, columns) => {
  expect(readOptions(query).columns).toEqual(columns);
  expect(readOptions(writeOptions({ ...nothing, columns })).columns).toEqual(columns);
});

test("without columns in the address there is no choice of them", () => {
  expect("columns" in readOptions("?topic=ecg")).toBe(false);
});

test("topics are trimmed, deduplicated and limited in number", () => {
  expect(readOptions("?topic=ecg,%20flow,,ecg").topics).toEqual(["ecg", "flow"]);
  const many = Array.from({ length: 100 }, (_, i) => `t${i}`).join(",");
  const { topics, furtherTopics } = readOptions(`?topic=${many}`);
  expect(topics).toHaveLength(TOPICS_MAX);
  expect([...topics, ...(furtherTopics ?? [])].join(",")).toBe(many);
});

test.each([
  ["1500ms", 1_500],
  ["5m", 300_000],
  ["2.5s", 2_500],
  ["20", 20_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["1ms", 100],
  ["9999d", 366 * 86_400_000],
  ["soon", WINDOW_DEFAULT_MS],
  ["-5s", WINDOW_DEFAULT_MS],
  ["", WINDOW_DEFAULT_MS],
])("a window of %j is %d ms", (text, ms) => {
  expect(readOptions(`?window=${text}`).windowMs).toBe(ms);
});

test.each([
  [1_500, "1500ms"],
  [30_000, "30s"],
  [90_000, "90s"],
  [300_000, "5m"],
  [5_400_000, "90m"],
  [172_800_000, "2d"],
  [12_345.6, "12346ms"],
])("a window of %d ms is written %j", (windowMs, text) => {
  expect(writeOptions({ ...nothing, windowMs })).toBe(`?window=${text}`);
});

test.each(["", "a1b2", "a1b2:", ":7", "a1b2:-7", "A1B2:7", "a1b2:1e3", "a1b2:99999999999999999999"])(
  "a moment of %j is ignored",
  (text) => {
    expect(readOptions(`?at=${text}`).at).toBeUndefined();
  },
);

test("an unknown theme falls back to the device's", () => {
  expect(readOptions("?theme=neon").theme).toBeUndefined();
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

describe("the address bar", () => {
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
});
