/**
 * One page in a real Chromium, with the verbs the tests speak. It also keeps an eye on what must never
 * happen: errors in the console, and requests to anybody but the hub. Of the line it knows what the canvas was told.
 *
 * `CHROMIUM` names the browser; else Debian's is taken.
 */

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { windowOf } from "../../web/src/duration";
import type { Instruments } from "../../web/src/instruments";
import type { Badge } from "../../web/src/page";
import { watchLine } from "./line";

/** As the badge shows it. */
interface BadgeSeen {
  readonly kind: string;
  /** Whether it leads back to live. */
  readonly leadsBack: boolean;
}

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Chromium refuses its sandbox to root, and containers run as root. */
export const CHROMIUM_FLAGS: readonly string[] = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
}

export class Screen {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly hosts = new Set<string>();
  /** What each connection asked for: the query of its address. */
  readonly joinings: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("request", (request) => this.#note(request.url()));
    page.on("websocket", (socket) => {
      this.#note(socket.url());
      this.joinings.push(new URL(socket.url()).search);
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Screen> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const screen = new Screen(await context.newPage());
    await screen.page.addInitScript(watchLine);
    await screen.page.goto(url);
    return screen;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** The text of a part of the page, by the name that index.html gives it. */
  async text(part: string): Promise<string> {
    return (await this.page.textContent(`[data-part="${part}"]`))?.trim() ?? "";
  }

  /** Waits until a part of the page reads like this. */
  async reads(part: string, pattern: RegExp): Promise<void> {
    await this.page.waitForFunction(
      ([name, source]) =>
        new RegExp(source as string).test(
          document.querySelector(`[data-part="${name}"]`)?.textContent?.trim() ?? "",
        ),
      [part, pattern.source],
      { polling: "raf", timeout: 30_000 },
    );
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Presses a part of the page with the pointer. */
  async click(part: string): Promise<void> {
    await this.page.click(`[data-part="${part}"]`);
  }

  /** Chooses an item of the menu, by its words. */
  async choose(item: string): Promise<void> {
    await this.click("menu-open");
    await this.page.click(`#menu >> text="${item}"`);
  }

  async badge(): Promise<BadgeSeen> {
    return this.page.$eval('[data-part="badge"]', (badge) => ({
      kind: (badge as HTMLElement).dataset.kind ?? "",
      leadsBack: badge.ariaDisabled !== "true",
    }));
  }

  /** Waits until the badge is of this kind. */
  async becomes(kind: Badge["kind"]): Promise<void> {
    await this.page.waitForSelector(`[data-part="badge"][data-kind="${kind}"]`, {
      state: "attached",
      timeout: 30_000,
    });
  }

  /** What the last frame has shown. */
  async instruments(): Promise<Instruments> {
    const instruments = await this.page.evaluate(() => globalThis.tickcast && { ...globalThis.tickcast });
    if (instruments === undefined) throw new Error("the page has no instruments");
    return instruments;
  }

  /** Hub time at the right edge of the picture. */
  async edge(): Promise<number> {
    return (await this.instruments()).playhead;
  }

  /** How much time the page says it shows. */
  async windowMs(): Promise<number> {
    const shown = '[data-part="windows"] :is([aria-pressed="true"], .other:not([hidden]))';
    return windowOf((await this.page.textContent(shown)) ?? "") ?? Number.NaN;
  }

  async isLive(): Promise<void> {
    await this.reads("state-text", /^Live$/);
    await this.reads("value", /\d/);
  }

  /** Waits until the line reaches back over the whole window; without a backfill that takes as long as it is. */
  async hasFullWindow(records = 1_000): Promise<void> {
    await this.page.waitForFunction(
      (count) => {
        const seq = Number(document.querySelector('[data-part="seq"]')?.textContent?.replace(/\D/g, ""));
        const body = document.body;
        body.dataset.firstSeq ??= String(seq);
        return seq >= Number(body.dataset.firstSeq) + count;
      },
      records,
      { polling: "raf", timeout: 30_000 },
    );
  }

  /** Whether the canvas differs from itself in any of the next so many frames. */
  async moves(frames = 30): Promise<boolean> {
    return this.page.evaluate(async (count) => {
      const canvas = document.querySelector("canvas");
      if (canvas === null) return false;
      const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      await nextFrame();
      const first = canvas.toDataURL();
      for (let i = 0; i < count; i += 1) {
        await nextFrame();
        if (canvas.toDataURL() !== first) return true;
      }
      return false;
    }, frames);
  }

  /** The line as it was drawn last: for each of its pieces, where on the canvas its samples lie, left to right. */
  async line(): Promise<readonly (readonly number[])[]> {
    return this.page.evaluate(() => window.drawnLine ?? []);
  }

  /** Waits until the drawn line, in all its pieces, has so many samples. */
  async hasDrawn(samples: number): Promise<void> {
    await this.page.waitForFunction(
      (count) => (window.drawnLine ?? []).reduce((sum, piece) => sum + piece.length, 0) >= count,
      samples,
      { polling: "raf", timeout: 30_000 },
    );
  }

  /** Waits until so many publications have come to the page live. */
  async hasReceived(publications: number): Promise<void> {
    await this.page.waitForFunction(
      (count) => (globalThis.tickcast?.publications ?? 0) >= count,
      publications,
      { polling: "raf", timeout: 30_000 },
    );
  }

  /** Number of the record that the page shows. */
  async seq(): Promise<number> {
    return Number((await this.text("seq")).replace(/\D/g, ""));
  }

  /** A place on a part of the page, as shares of its width and height, in the page's pixels. */
  async placeOn(part: "chart" | "strip", across: number, down = 0.4): Promise<{ x: number; y: number }> {
    const box = await this.page.locator(`[data-part="${part}"]`).boundingBox();
    if (box === null) throw new Error(`the part \`${part}\` is not to be seen`);
    return { x: box.x + across * box.width, y: box.y + down * box.height };
  }

  async pointAt(part: "chart" | "strip", across: number): Promise<void> {
    const { x, y } = await this.placeOn(part, across);
    await this.page.mouse.move(x, y);
  }

  async drag(part: "chart" | "strip", from: number, to: number): Promise<void> {
    await this.pointAt(part, from);
    await this.page.mouse.down();
    // By way of the middle: a drag is more than one move.
    for (const across of [(from + to) / 2, to]) await this.pointAt(part, across);
    await this.page.mouse.up();
  }

  /**
   * By how many records the page is ahead of a clock that counts `rate` of them a second, the same for all pages
   * of this machine. Record and instant are read together, as the text is written; of several, the foremost, because
   * a busy machine can only show a record late. It waits until the page knows the time to a few milliseconds, and
   * until it shows what it knows: corrections fade in.
   */
  async leadOver(rate: number, writings = 30): Promise<number> {
    await this.reads("clock", /^±[0-4]\D/);
    return this.page.evaluate(
      ([perSecond, count]) =>
        new Promise<number>((resolve) => {
          const part = document.querySelector('[data-part="seq"]') as HTMLElement;
          const leads: number[] = [];
          const observer = new MutationObserver(() => {
            const now = performance.timeOrigin + performance.now();
            leads.push(Number(part.textContent?.replace(/\D/g, "")) - (perSecond * now) / 1000);
            if (leads.length < count) return;
            observer.disconnect();
            resolve(Math.max(...leads.slice(-count / 2)));
          });
          observer.observe(part, { childList: true, characterData: true, subtree: true });
        }),
      [rate, writings] as const,
    );
  }

  /** Waits until the page shows a later record than this. */
  async isBeyond(seq: number): Promise<void> {
    await this.page.waitForFunction(
      (before) =>
        Number(document.querySelector('[data-part="seq"]')?.textContent?.replace(/\D/g, "")) > before,
      seq,
      { polling: "raf", timeout: 30_000 },
    );
  }

  #note(url: string): void {
    const { protocol, host } = new URL(url);
    if (protocol !== "data:") this.hosts.add(host);
  }
}
