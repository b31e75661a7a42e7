/**
 * One page in a real Chromium, with the operations that tests use. It also records console errors and the hosts
 * contacted, and what the page draws as its line.
 *
 * `CHROMIUM` selects the browser; by default the program `chromium`.
 */

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Instruments } from "../../web/src/instruments";
import type { Badge } from "../../web/src/page";
import { parseWindow } from "../../web/src/viewport";
import { recordDrawnLine } from "./drawn_line";
import { recordDrawnTexts } from "./drawn_texts";
import { pathOf } from "./programs";

/** The state of the badge. */
interface BadgeState {
  readonly kind: string;
  /** Whether it leads back to live. */
  readonly leadsBack: boolean;
}

/** Chromium does not run sandboxed as root, as in containers. */
export const CHROMIUM_FLAGS: readonly string[] = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: pathOf("chromium"), args: [...CHROMIUM_FLAGS] });
}

export class Screen {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly hosts = new Set<string>();
  /** The query string of each WebSocket connection. */
  readonly joinQueries: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("request", (request) => this.#note(request.url()));
    page.on("websocket", (socket) => {
      this.#note(socket.url());
      this.joinQueries.push(new URL(socket.url()).search);
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Screen> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const screen = new Screen(await context.newPage());
    await screen.page.addInitScript(recordDrawnLine);
    await screen.page.addInitScript(recordDrawnTexts);
    await screen.page.goto(url);
    return screen;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** The text of a part of the page, named as in index.html. */
  async text(part: string): Promise<string> {
    return (await this.page.textContent(`[data-part="${part}"]`))?.trim() ?? "";
  }

  /** Waits until the text of a part of the page matches. */
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

  /** Clicks a part of the page. */
  async click(part: string): Promise<void> {
    await this.page.click(`[data-part="${part}"]`);
  }

  /** Chooses a menu item by its text. */
  async choose(item: string): Promise<void> {
    await this.click("menu-open");
    await this.page.click(`#menu >> text="${item}"`);
  }

  async badge(): Promise<BadgeState> {
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

  /** Measurements of the last frame. */
  async instruments(): Promise<Instruments> {
    const instruments = await this.page.evaluate(() => globalThis.tickcast && { ...globalThis.tickcast });
    if (instruments === undefined) throw new Error("the page does not expose its instruments");
    return instruments;
  }

  /** Hub time at the right edge of the picture. */
  async edge(): Promise<number> {
    return (await this.instruments()).playhead;
  }

  /** The time window that the page displays. */
  async windowMs(): Promise<number> {
    const shown = '[data-part="windows"] :is([aria-pressed="true"], .other:not([hidden]))';
    return parseWindow((await this.page.textContent(shown)) ?? "") ?? Number.NaN;
  }

  async isLive(): Promise<void> {
    await this.reads("state-text", /^Replay$/);
    await this.reads("value", /\d/);
  }

  /** Waits until the line covers the whole window; without a backfill this takes as long as the window. */
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

  /** Whether the canvas changes within this many frames. */
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

  /** The line as last drawn: the x coordinates of its points for each unbroken run, left to right. */
  async line(): Promise<readonly (readonly number[])[]> {
    return this.page.evaluate(() => window.drawnLine ?? []);
  }

  /** Waits until the drawn line has this many points. */
  async hasDrawn(samples: number): Promise<void> {
    await this.page.waitForFunction(
      (count) => (window.drawnLine ?? []).reduce((sum, piece) => sum + piece.length, 0) >= count,
      samples,
      { polling: "raf", timeout: 30_000 },
    );
  }

  /** Waits until this many publications have arrived live. */
  async hasReceived(publications: number): Promise<void> {
    await this.page.waitForFunction(
      (count) => (globalThis.tickcast?.publications ?? 0) >= count,
      publications,
      { polling: "raf", timeout: 30_000 },
    );
  }

  /** `seq` of the record that the page shows. */
  async seq(): Promise<number> {
    return Number((await this.text("seq")).replace(/\D/g, ""));
  }

  /** A point on a part of the page, given as fractions of its width and height, in page coordinates. */
  async placeOn(part: "chart" | "strip", across: number, down = 0.4): Promise<{ x: number; y: number }> {
    const box = await this.page.locator(`[data-part="${part}"]`).boundingBox();
    if (box === null) throw new Error(`the part \`${part}\` is not visible`);
    return { x: box.x + across * box.width, y: box.y + down * box.height };
  }

  async pointAt(part: "chart" | "strip", across: number): Promise<void> {
    const { x, y } = await this.placeOn(part, across);
    await this.page.mouse.move(x, y);
  }

  async drag(part: "chart" | "strip", from: number, to: number): Promise<void> {
    await this.pointAt(part, from);
    await this.page.mouse.down();
    // Via the middle: a drag consists of several moves.
    for (const across of [(from + to) / 2, to]) await this.pointAt(part, across);
    await this.page.mouse.up();
  }

  /**
   * By how many records the page is ahead of a clock that counts `rate` records per second, the same for all pages of
   * this machine. Record and instant are read together when the text is updated; the result is the maximum of several
   * updates, because a busy machine can only show a record late. Waits until the page knows the time to within a few
   * milliseconds and has finished slewing.
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
