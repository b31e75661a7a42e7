/** The page's URL: its options, its updates, and links to a moment. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

function query(screen: Screen): string {
  return new URL(screen.page.url()).search;
}

/** The link to the current view, copied from the menu. */
async function linkOf(screen: Screen): Promise<string> {
  await screen.choose("Copy link to this moment");
  await screen.reads("said", /^Copied$/);
  return screen.page.evaluate(() => navigator.clipboard.readText());
}

/** A paused view of the past, with the link to it and the `seq` of its newest record. */
async function pausedView(): Promise<{ readonly link: string; readonly seq: number }> {
  const screen = await house.open("?window=30s", CLIPBOARD);
  await screen.isLive();
  await screen.drag("chart", 0.3, 0.6);
  await screen.becomes("behind");
  await screen.press("Space");
  await screen.becomes("paused");
  const { seq } = await screen.instruments();
  return { link: await linkOf(screen), seq };
}

/** Uses the menu's time field. */
async function goTo(screen: Screen, instant: number): Promise<void> {
  const local = instant - new Date(instant).getTimezoneOffset() * 60_000;
  await screen.click("menu-open");
  await screen.page.fill("#menu input", new Date(local).toISOString().slice(0, 19));
  await screen.page.click('#menu >> text="Go"');
}

async function expectMoment(search: string, seq: number): Promise<void> {
  const screen = await house.open(search);
  await screen.becomes("paused");
  await expect.poll(async () => (await screen.instruments()).seq).toBe(seq);
  await screen.hasDrawn(500);
  expect(await screen.windowMs()).toBe(30_000);
}

test.each([
  ["?window=45s", 45_000],
  ["?window=500ms", 500],
  ["?window=5m", 300_000],
  ["?window=nonsense", 10_000],
])("the URL %s sets the time window", async (search, ms) => {
  const screen = await house.open(search);
  await screen.isLive();
  expect(await screen.windowMs()).toBe(ms);
});

test("a preset changes the window and the URL, which omits the default", async () => {
  const screen = await house.open("?theme=dark");
  await screen.isLive();
  for (const [preset, search] of [
    ["30 s", "?theme=dark&window=30s"],
    ["5 min", "?theme=dark&window=5m"],
    ["10 s", "?theme=dark"],
  ] as const) {
    await screen.page.click(`[data-part="windows"] >> text="${preset}"`);
    await expect.poll(() => query(screen)).toBe(search);
    expect((await screen.badge()).kind).toBe("live");
  }
});

test("a reload keeps the chosen window", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.page.click('[data-part="windows"] >> text="1 min"');
  await expect.poll(() => query(screen)).toBe("?window=1m");
  await screen.page.reload();
  await screen.isLive();
  expect(await screen.windowMs()).toBe(60_000);
});

test("a link to a moment shows it on another screen, even after a restart of the hub", async () => {
  const { link, seq } = await pausedView();
  const { origin, search } = new URL(link);
  expect(origin).toBe(house.hub.url);
  expect(search).toMatch(new RegExp(`^\\?window=30s&at=[a-z0-9]{16}:${seq}$`));
  await expectMoment(search, seq);
  await house.hub.kill();
  house.hub = await house.hub.restart();
  await expectMoment(search, seq);
});

test("a moment of an ended timeline shows a notice with a way back to live", async () => {
  const screen = await house.open("?at=anotherepoch:77");
  await screen.reads("notice-title", /^That moment is no longer available$/);
  await screen.page.click('[data-part="notice-ways"] >> text="Rejoin the replay"');
  await screen.becomes("live");
  expect(await screen.page.isHidden('[data-part="notice"]')).toBe(true);
});

test("the notice for an ended timeline is left through the time navigator or the menu", async () => {
  const ways: readonly ((screen: Screen) => Promise<void>)[] = [
    async (screen) => {
      await screen.page.focus('[data-part="strip"]');
      await screen.press("PageDown");
      await screen.becomes("behind");
    },
    async (screen) => {
      await goTo(screen, (await screen.edge()) - 200_000);
      await screen.becomes("paused");
    },
  ];
  for (const way of ways) {
    const screen = await house.open("?at=anotherepoch:77");
    await screen.reads("notice-title", /^That moment is no longer available$/);
    await way(screen);
    await screen.page.waitForSelector('[data-part="notice"]', { state: "hidden" });
  }
});

test("zooming with the wheel and resetting update the URL", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.pointAt("chart", 0.5);
  await screen.page.mouse.wheel(0, 300);
  await expect.poll(() => query(screen)).toMatch(/^\?window=\d+/);
  const { x, y } = await screen.placeOn("chart", 0.5);
  await screen.page.mouse.dblclick(x, y);
  await expect.poll(() => query(screen)).toBe("");
});

test("a moment in the future shows the live view and says so", async () => {
  const topic = await (await fetch(`${house.hub.url}/api/v1/topics/ecg`)).json();
  const screen = await house.open(`?at=${topic.epoch}:${topic.seq + 1_000_000}`);
  await screen.reads("said", /^That moment is still to come; showing the newest record$/);
  await screen.isLive();
  expect(await screen.page.isHidden('[data-part="notice"]')).toBe(true);
});

test("a moment before the beginning shows the beginning and says so", async () => {
  const topic = await (await fetch(`${house.hub.url}/api/v1/topics/ecg`)).json();
  const screen = await house.open(`?at=${topic.epoch}:0`);
  await screen.reads("said", /^There is nothing before .*\d\d:\d\d:\d\d \S+; showing the beginning$/);
  await screen.becomes("paused");
});

test.each([
  ["?window=abc", /^“abc” in the address is not a time window, such as 30s; showing 10.s$/],
  ["?window=1ms", /^“1ms” in the address is not between 100.ms and 366.d; showing 100.ms$/],
  [
    "?at=yesterday",
    /^“yesterday” in the address is not a moment, such as a link to one has; showing the newest record$/,
  ],
  [
    "?theme=neon&kiosk=yes",
    /^“neon” in .*: light, dark, auto\. “kiosk=yes” in .* neither 1 nor 0; it is off$/,
  ],
])("the address %s cannot be met, and the page says so", async (search, said) => {
  const screen = await house.open(search);
  await screen.reads("said", said);
});

test("a valid address says nothing", async () => {
  const screen = await house.open("?topic=ecg&window=1.5s&theme=dark&kiosk=0&embed=0");
  await screen.isLive();
  expect(await screen.text("said")).toBe("");
  expect(await screen.text("windows")).toMatch(/^1\.5.s/);
});

test("other parameters in the URL are kept", async () => {
  const screen = await house.open("?token=abc");
  await screen.isLive();
  await screen.page.click('[data-part="windows"] >> text="1 min"');
  await expect.poll(() => query(screen)).toBe("?token=abc&window=1m");
});

test("the menu's time field jumps to a moment", async () => {
  const screen = await house.open();
  await screen.isLive();
  const edge = await screen.edge();
  const wanted = Math.floor((edge - 200_000) / 1000) * 1000;
  await goTo(screen, wanted);
  await screen.becomes("paused");
  // In the middle of the view.
  await expect.poll(() => screen.edge()).toBe(wanted + 5_000);
});

test("the menu's time field says what it cannot do", async () => {
  const screen = await house.open();
  await screen.isLive();
  const edge = await screen.edge();
  await goTo(screen, edge + 3_600_000);
  await screen.reads("said", /^That moment is still to come/);
  await expect.poll(() => screen.page.getAttribute('[data-part="strip"]', "aria-valuemax")).not.toBe("0");
  await expect
    .poll(async () => Number(await screen.page.getAttribute('[data-part="strip"]', "aria-valuemax")))
    .toBeGreaterThan(590);
  await goTo(screen, edge - 3_600_000);
  await screen.reads("said", /^There is nothing before .*\d\d:\d\d:\d\d \S+; showing the beginning/);
  await screen.click("menu-open");
  await screen.page.fill("#menu input", "half past seven");
  await screen.page.click('#menu >> text="Go"');
  const message = await screen.page.$eval(
    "#menu input",
    (field) => (field as HTMLInputElement).validationMessage,
  );
  expect(message).toMatch(/^Type a time such as/);
  expect(await screen.page.isVisible("#menu")).toBe(true);
});
