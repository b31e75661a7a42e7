/** The pages of a run: one browser process each, every one with its own wrong clock and its own path to the hub. */

import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../browser/screen";
import { type Disguise, disguise, type Recorder, type Recording } from "./disguise";
import { type Seen, seenBy } from "./figures/seen";
import { type Bearing, bearingOfPage } from "./truth";

/** Small and short, so that two cores draw six of them. */
const VIEWPORT = { width: 320, height: 200 };
const QUERY = "?window=5s&embed=1";

/** Page time begins anywhere in 2000 s and its date is off by up to 1000 s either way; the two never agree. */
const SHIFT_MS = 1_000_000;
const DRIFT = 50e-6;

export function drawDisguise(random: () => number): Disguise {
  const even = () => 2 * random() - 1;
  return {
    name: `recorder-${Math.floor(random() * 2 ** 32).toString(36)}`,
    // From 0 up: page time is never negative.
    shiftMs: SHIFT_MS * (1 + even()),
    wallShiftMs: SHIFT_MS * even(),
    drift: DRIFT * even(),
  };
}

/** What one page has to say at the end, on the tool's clock. */
export interface Testimony {
  readonly seen: Seen;
  readonly bearing: Bearing;
}

export class Spectator {
  readonly version: string;
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #recorder: string;

  private constructor(browser: Browser, page: Page, recorder: string) {
    this.version = browser.version();
    this.#browser = browser;
    this.#page = page;
    this.#recorder = recorder;
  }

  /** Resolves when the page draws a line. */
  static async open(url: string, worn: Disguise): Promise<Spectator> {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: VIEWPORT });
      await page.addInitScript(disguise, worn);
      await page.goto(`${url}/${QUERY}`);
      await page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq));
      return new Spectator(browser, page, worn.name);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async testify(): Promise<Testimony> {
    const bearing = await bearingOfPage(this.#page, this.#recorder);
    const recording = await this.#page.evaluate(
      (name) => (globalThis as unknown as Record<string, Recorder>)[name]?.read(),
      this.#recorder,
    );
    if (recording === undefined) throw new Error("a page has lost its recorder");
    return { seen: seenBy(recording as Recording, bearing.origin), bearing };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
