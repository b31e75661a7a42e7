/** Live, behind and paused views, and the transitions between them. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

async function live(): Promise<Screen> {
  const screen = await house.open();
  await screen.isLive();
  return screen;
}

/** How far the right edge is behind live. The minimum of several frames, because a busy machine draws late. */
function behindMs(screen: Screen): Promise<number> {
  return screen.page.evaluate(async () => {
    const distances: number[] = [];
    while (distances.length < 20) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const { playhead, hubOffset, delayMs } = globalThis.tickcast as NonNullable<typeof globalThis.tickcast>;
      distances.push(performance.now() + hubOffset - delayMs - playhead);
    }
    return Math.min(...distances);
  });
}

test("the badge of a live view is inactive", async () => {
  const screen = await live();
  expect(await screen.badge()).toEqual({ kind: "live", leadsBack: false });
  // Clicked by script: Playwright would wait for it to be enabled.
  await screen.page.$eval('[data-part="badge"]', (badge) => (badge as HTMLElement).click());
  expect(await screen.badge()).toEqual({ kind: "live", leadsBack: false });
});

test("the badge of a live view does not flicker", async () => {
  const screen = await live();
  await screen.page.$eval('[data-part="badge"]', (badge) => {
    const kinds: (string | undefined)[] = [];
    Object.assign(window, { kinds });
    new MutationObserver(() => kinds.push((badge as HTMLElement).dataset.kind)).observe(badge, {
      attributeFilter: ["data-kind"],
    });
  });
  await screen.hasReceived((await screen.instruments()).publications + 300);
  expect(await screen.page.evaluate(() => Reflect.get(window, "kinds"))).toEqual([]);
});

test("a paused view stands still, keeps receiving, and resumes from where it stood", async () => {
  const screen = await live();
  await screen.click("pause");
  await screen.becomes("paused");
  const before = await screen.instruments();
  await screen.hasReceived(before.publications + 150);
  const after = await screen.instruments();
  expect(after.playhead).toBe(before.playhead);
  expect(after.seq).toBe(before.seq);
  // 150 records are 1.5 s, and the badge counts them.
  await screen.reads("behind", /^−[1-9]/);
  await screen.click("pause");
  await screen.becomes("behind");
  expect(await screen.badge()).toEqual({ kind: "behind", leadsBack: true });
  await screen.page.waitForFunction((seq) => (globalThis.tickcast?.seq ?? 0) > seq, before.seq);
  const resumed = await screen.instruments();
  expect(resumed.playhead - before.playhead).toBeLessThan(await behindMs(screen));
});

test("a view behind live keeps its distance until the badge is clicked", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.hasReceived((await screen.instruments()).publications + 120);
  await screen.press("Space");
  await screen.becomes("behind");
  const before = await behindMs(screen);
  expect(before).toBeGreaterThan(1_000);
  await screen.isBeyond((await screen.instruments()).seq + 100);
  expect(Math.abs((await behindMs(screen)) - before)).toBeLessThan(250);
  await screen.click("badge");
  await screen.becomes("live");
  await expect.poll(() => behindMs(screen)).toBeLessThan(250);
});

test.each(["l", "End"])("%s returns a paused view to live", async (key) => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.press(key);
  await screen.becomes("live");
  expect(await screen.moves()).toBe(true);
});

test("the seq shown is that of the record drawn, even while paused", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  const { seq, publications } = await screen.instruments();
  await screen.hasReceived(publications + 100);
  expect(await screen.seq()).toBe(seq);
});
