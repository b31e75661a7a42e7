/** Pictures of the page for the README and for looking at: `SCREENSHOTS=folder` says where they go. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Hub } from "./hub";
import { launchBrowser, Screen } from "./screen";

const FOLDER = process.env.SCREENSHOTS;
const SIZES = [
  [1280, 800],
  [390, 844],
] as const;

test.skipIf(FOLDER === undefined)(
  "the page can be pictured at each size, light and dark",
  { timeout: 120_000 },
  async () => {
    const folder = FOLDER as string;
    mkdirSync(folder, { recursive: true });
    const [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
    try {
      for (const [width, height] of SIZES) {
        for (const colorScheme of ["light", "dark"] as const) {
          const options = { viewport: { width, height }, deviceScaleFactor: 1, colorScheme };
          const screen = await Screen.open(browser, hub.url, options);
          await screen.isLive();
          await screen.hasFullWindow();
          const picture = await screen.page.screenshot({
            path: join(folder, `page-${width}x${height}-${colorScheme}.png`),
          });
          expect(picture.length).toBeGreaterThan(5_000);
          await screen.close();
        }
      }
    } finally {
      await browser.close();
      await hub.remove();
    }
  },
);
