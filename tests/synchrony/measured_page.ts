/** The pages of a run: one browser process each, with its own wrong clock and its own network path to the hub. */

import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../browser/screen";
import { type ClockSkew, installClockSkew, type Recorder, type Recording } from "./clock_skew";
import { type PageTrace, pageTrace } from "./figures/page_trace";
import { type ClockOffset, measurePageClock } from "./reference_clock";

/** Small, with a short window, so that two cores can draw six of them. */
const VIEWPORT = { width: 320, height: 200 };
const QUERY = "?window=5s&embed=1";

/** Page time starts anywhere within 2000 s and the date is off by up to 1000 s either way; the two are independent. */
const SHIFT_MS = 1_000_000;
const DRIFT = 50e-6;

export function randomClockSkew(random: () => number): ClockSkew {
  const even = () => 2 * random() - 1;
  return {
    name: `recorder-${Math.floor(random() * 2 ** 32).toString(36)}`,
    // Never negative, like real page time.
    shiftMs: SHIFT_MS * (1 + even()),
    wallShiftMs: SHIFT_MS * even(),
    drift: DRIFT * even(),
  };
}

/** The data collected from one page at the end, on the tool's clock. */
export interface PageResult {
  readonly seen: PageTrace;
  readonly bearing: ClockOffset;
}

export class MeasuredPage {
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

  /** Opens a page; resolves when it draws a line. */
  static async open(url: string, skew: ClockSkew): Promise<MeasuredPage> {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: VIEWPORT });
      await page.addInitScript(installClockSkew, skew);
      await page.goto(`${url}/${QUERY}`);
      await page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq));
      return new MeasuredPage(browser, page, skew.name);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async collect(): Promise<PageResult> {
    const bearing = await measurePageClock(this.#page, this.#recorder);
    const recording = await this.#page.evaluate(
      (name) => (globalThis as unknown as Record<string, Recorder>)[name]?.read(),
      this.#recorder,
    );
    if (recording === undefined) throw new Error("the page's recorder is missing");
    return { seen: pageTrace(recording as Recording, bearing.origin), bearing };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
