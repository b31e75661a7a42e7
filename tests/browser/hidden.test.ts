/** A tab that nobody looks at: it draws nothing, hears everything, and is right again at once. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { WITH_A_PAST } from "./fixture";
import { Hub } from "./hub";
import { Tab } from "./tab";

let hub: Hub;
let tab: Tab;

beforeAll(async () => {
  hub = await Hub.start(WITH_A_PAST);
  tab = await Tab.open(hub.url);
});

afterAll(async () => {
  await tab?.close();
  await hub?.remove();
});

test("a hidden tab draws nothing and goes on receiving; shown again, it is live with its line whole", async () => {
  // As long as the page is on its way there is nobody to ask.
  const received = () => tab.evaluate<number>("globalThis.tickcast?.publications ?? 0").catch(() => 0);
  await expect.poll(received, { timeout: 30_000 }).toBeGreaterThan(100);
  await tab.evaluate(`(() => {
    const { clearRect } = CanvasRenderingContext2D.prototype;
    window.drawings = 0;
    CanvasRenderingContext2D.prototype.clearRect = function (...area) {
      window.drawings += 1;
      clearRect.apply(this, area);
    };
  })()`);
  await tab.until("window.drawings > 10");
  await tab.hide();
  const before = await tab.evaluate<number>("window.drawings");
  const badge = `document.querySelector('[data-part="badge"]').dataset.kind`;
  const { publications, playhead } = await tab.evaluate<{ publications: number; playhead: number }>(
    "({ ...globalThis.tickcast })",
  );
  // Nothing draws, so nobody writes the read-out: what the hub has sent is what counts.
  await hubHas(300);
  expect(await tab.evaluate("window.drawings")).toBe(before);
  await tab.show();
  await tab.until(`globalThis.tickcast.publications >= ${publications + 300}`);
  await tab.until(`globalThis.tickcast.playhead >= ${playhead + 3_000}`);
  expect(await tab.evaluate(badge)).toBe("live");
  expect(await tab.evaluate(`document.querySelector('[data-part="missed"]').textContent`)).toBe("0");
});

/** Waits until the hub is so many records further. */
async function hubHas(records: number): Promise<void> {
  const seq = async () => (await (await fetch(`${hub.url}/api/v1/topics/ecg`)).json()).seq as number;
  const from = await seq();
  await expect.poll(seq, { timeout: 30_000 }).toBeGreaterThan(from + records);
}
