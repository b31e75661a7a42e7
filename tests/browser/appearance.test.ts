/** Appearance: themes, kiosk mode, phones, embedding, and how the page shows errors. */

import { expect } from "vitest";
import { fixture, testWith, WITH_HISTORY } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** Longer than it takes to notify the page; without viewers the hub does not wait for it. */
const house = fixture(() => Hub.start({ ...WITH_HISTORY, TICKCAST__SERVER__DRAIN: '"5s"' }));

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

async function live(query = "", options: Parameters<typeof house.open>[1] = {}): Promise<Screen> {
  const screen = await house.open(query, options);
  await screen.isLive();
  return screen;
}

function theme(screen: Screen): Promise<string | undefined> {
  return screen.page.evaluate(() => document.documentElement.dataset.theme);
}

test.each([
  ["", "light", "light"],
  ["", "dark", "dark"],
  ["?theme=light", "dark", "light"],
  ["?theme=dark", "light", "dark"],
  ["?theme=auto", "dark", "dark"],
] as const)("the URL /%s on a %s device has the %s theme", async (query, colorScheme, wanted) => {
  expect(await theme(await live(query, { colorScheme }))).toBe(wanted);
});

test("a chosen theme survives a reload, and auto follows the device", async () => {
  const screen = await live();
  await screen.choose("Dark");
  expect(await theme(screen)).toBe("dark");
  await screen.page.reload();
  await screen.isLive();
  expect(await theme(screen)).toBe("dark");
  await screen.choose("Auto");
  expect(await theme(screen)).toBe("light");
  await screen.page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => theme(screen)).toBe("dark");
});

test("a theme change is drawn immediately, even in a paused view", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  const picture = () => screen.page.$eval("canvas", (canvas) => canvas.toDataURL());
  await expect.poll(() => screen.moves()).toBe(false);
  const light = await picture();
  await screen.choose("Dark");
  await expect.poll(picture).not.toBe(light);
});

test("a window moved to a high-resolution screen is redrawn at its resolution", async () => {
  const screen = await live();
  const fineness = () =>
    screen.page.$$eval("canvas", (all) =>
      all.filter((one) => one.clientWidth > 0).map(({ width, clientWidth }) => width / clientWidth),
    );
  const before = await fineness();
  expect(new Set(before)).toEqual(new Set([1]));
  const debug = await screen.page.context().newCDPSession(screen.page);
  const size = { width: 1280, height: 800 };
  await debug.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 2, mobile: false });
  await expect.poll(fineness).toEqual(before.map(() => 2));
});

test("kiosk mode shows only the chart and the value, and Escape leaves it", async () => {
  const screen = await live("?kiosk=1");
  for (const part of ["topic", "strip", "windows", "seq", "badge"])
    expect(await screen.page.isHidden(`[data-part="${part}"]`), part).toBe(true);
  expect(await screen.page.isVisible('[data-part="value"]')).toBe(true);
  await screen.press("Escape");
  await screen.page.waitForSelector('[data-part="strip"]');
  await expect.poll(() => new URL(screen.page.url()).search).toBe("");
});

test("kiosk mode keeps the device awake, and lets it sleep afterwards", async () => {
  const screen = await house.open("?kiosk=1", { permissions: ["screen-wake-lock"] });
  await screen.page.addInitScript(() => {
    const locks: { isHeld: boolean }[] = [];
    Object.assign(window, { locks });
    navigator.wakeLock.request = async () => {
      const lock = {
        isHeld: true,
        released: false,
        release: async () => {
          lock.isHeld = false;
        },
      };
      locks.push(lock);
      return lock as unknown as WakeLockSentinel;
    };
  });
  await screen.page.reload();
  await screen.isLive();
  const held = () =>
    screen.page.evaluate(() =>
      (Reflect.get(window, "locks") as { isHeld: boolean }[]).map(({ isHeld }) => isHeld),
    );
  expect(await held()).toEqual([true]);
  await screen.press("Escape");
  await expect.poll(held).toEqual([false]);
});

test("an embedded page has the chart, its value and its state", async () => {
  const screen = await live("?embed=1", { viewport: { width: 480, height: 240 } });
  for (const part of ["topic", "strip", "windows", "menu-open"])
    expect(await screen.page.isHidden(`[data-part="${part}"]`), part).toBe(true);
  for (const part of ["pause", "badge", "value", "chart"])
    expect(await screen.page.isVisible(`[data-part="${part}"]`), part).toBe(true);
  expect(await screen.moves()).toBe(true);
});

test.each(["", "?kiosk=1", "?embed=1"])("at /%s nothing is wider than a narrow phone", async (query) => {
  const screen = await live(query, PHONE);
  expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});

test.each(["", "?kiosk=1"])(
  "at /%s a phone in portrait shows everything without scrolling",
  async (query) => {
    const screen = await live(query, { ...PHONE, viewport: { width: 390, height: 844 } });
    expect(await screen.page.evaluate(() => document.documentElement.scrollHeight)).toBe(844);
    const bottom = async (part: string) => {
      const box = await screen.page.locator(`[data-part="${part}"]`).boundingBox();
      return (box?.y ?? 0) + (box?.height ?? 0);
    };
    const chart = await screen.page.locator('[data-part="chart"]').boundingBox();
    // The value stands directly above the chart, whose height is limited.
    expect(chart?.height).toBeLessThan(1.34 * 390);
    expect((chart?.y ?? 0) - (await bottom("value"))).toBeLessThan(40);
  },
);

test("a page whose topic does not exist says neither that it synchronizes nor which record it shows", async () => {
  const screen = await house.open("?topic=no-such-topic");
  await screen.reads("notice-title", /no topic/);
  expect(await screen.page.isVisible('[data-part="sync-open"]')).toBe(false);
  expect(await screen.page.isVisible('[data-part="seq"]')).toBe(false);
});

test("on a phone every visible button is large enough for a finger", async () => {
  const screen = await live("", PHONE);
  const small = () =>
    screen.page.$$eval("button, a, input, [role=slider]", (elements) =>
      elements
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .map((element) => ({ box: (element.closest("label") ?? element).getBoundingClientRect(), element }))
        .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
        .map(
          ({ box, element }) =>
            `${Math.round(box.width)}×${Math.round(box.height)} ${element.outerHTML.slice(0, 80)}`,
        ),
    );
  expect(await small()).toEqual([]);
  await screen.click("menu-open");
  expect(await small()).toEqual([]);
});

test("the clock opens the synchronization details", async () => {
  const screen = await live();
  await screen.reads("clock", /^±\d+(\.\d)? ms$/);
  await screen.click("sync-open");
  const cells = () => screen.page.$$eval("#sync dd", (found) => found.map(({ textContent }) => textContent));
  await expect.poll(cells).toEqual([
    expect.stringMatching(/^±\d+\.\d ms$/),
    // Nothing until a page has reported.
    expect.stringMatching(/^–$|viewer/),
    expect.stringMatching(/^[\d.]+ ms (slow|fast)$/),
    "150 ms",
    expect.stringMatching(/^[\d.]+ ms (early|late)$/),
    expect.stringMatching(/^[\d,]{5,}$/),
  ]);
});

test("two screens are counted as viewers", async () => {
  const screen = await live();
  await screen.reads("viewers-line", /^1 viewer$/);
  await live();
  await screen.reads("viewers-line", /^2 viewers · shared picture$/);
  expect(await screen.page.getAttribute('[data-part="viewers-line"]', "title")).toMatch(
    /^Everybody who receives ecg/,
  );
});

test("a view that was paused or moved does not claim to share its picture", async () => {
  const [screen] = await Promise.all([live(), live()]);
  await screen.reads("viewers-line", /^2 viewers · shared picture$/);
  await screen.click("sync-open");
  await screen.reads("sync", /Every screen shows the same instant/);
  // With the button: the space bar would also press the button that has the focus.
  await screen.press("Escape");
  await screen.click("pause");
  await screen.reads("viewers-line", /^2 viewers$/);
  await screen.click("sync-open");
  await screen.reads("sync", /This view was paused or moved and shows its own/);
  await screen.press("Escape");
  await screen.click("pause");
  await screen.becomes("behind");
  expect(await screen.text("viewers-line")).toBe("2 viewers");
  await screen.click("badge");
  await screen.reads("viewers-line", /^2 viewers · shared picture$/);
});

test("without a hub the page counts down to the next attempt and keeps the picture", async () => {
  const screen = await live();
  await house.hub.kill();
  await screen.becomes("reconnecting");
  await screen.reads("countdown", /^in \d+ s$/);
  await screen.reads("remark", /^No connection since \d\d:\d\d:\d\d/);
  expect(await screen.page.isHidden('[data-part="notice"]')).toBe(true);
  expect((await screen.line()).length).toBeGreaterThan(0);
  house.hub = await house.hub.restart();
  await screen.becomes("live");
  expect(await screen.text("missed")).toBe("0");
  await screen.reads("remark", /^$/);
});

test("a page that never connected says that the hub is not responding", async () => {
  const screen = await house.open();
  await screen.page.addInitScript(() => {
    // Simulates a hub that disappears between loading the page and its stream.
    window.WebSocket = class extends WebSocket {
      constructor() {
        super("ws://127.0.0.1:1");
      }
    };
  });
  await screen.page.reload();
  await screen.reads("notice-title", /^The hub is not responding$/);
});

test("a device that loses its network says so and recovers automatically", async () => {
  const screen = await live();
  await screen.page.context().setOffline(true);
  await house.hub.kill();
  // Each attempt to connect shows for a moment.
  await screen.reads("state-text", /^Offline$/);
  house.hub = await house.hub.restart();
  await screen.page.context().setOffline(false);
  await screen.becomes("live");
});

test("pages of a draining hub stay live and reconnect to the next one automatically", async () => {
  const screen = await live();
  const seq = await screen.page.evaluate(() => globalThis.tickcast?.seq ?? 0);
  house.hub.drain();
  await screen.becomes("draining");
  // At least half a second of records while the hub drains.
  await expect
    .poll(() => screen.page.evaluate(() => globalThis.tickcast?.seq ?? 0))
    .toBeGreaterThan(seq + 50);
  expect((await screen.badge()).kind).toBe("draining");
  await house.hub.ended();
  house.hub = await house.hub.restart();
  await screen.becomes("live");
  expect(await screen.text("missed")).toBe("0");
});
