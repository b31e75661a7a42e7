/**
 * A tab that can really be hidden: a Chromium of its own, spoken to over its DevTools protocol. The browser of the
 * other tests cannot do that: it tells every page that it is looked at.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { CHROMIUM, CHROMIUM_FLAGS } from "./screen";

type Answer = { id?: number; result?: unknown; error?: { message: string } };
type Params = Readonly<Record<string, unknown>>;

export class Tab {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;
  #target = "";
  #other = "";
  #session: string | undefined;

  private constructor(browser: ChildProcess, profile: string, socket: WebSocket) {
    this.#browser = browser;
    this.#profile = profile;
    this.#socket = socket;
    socket.on("message", (text) => {
      const answer = JSON.parse(String(text)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** A browser with one window and `url` in front. */
  static async open(url: string): Promise<Tab> {
    const profile = mkdtempSync(join(tmpdir(), "tickcast-tab-"));
    const flags = [
      "--headless=new",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      ...CHROMIUM_FLAGS,
    ];
    const browser = spawn(CHROMIUM, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
    const socket = new WebSocket(await debuggerOf(browser));
    await once(socket, "open");
    const tab = new Tab(browser, profile, socket);
    tab.#other = await tab.#create("about:blank");
    tab.#target = await tab.#create(url);
    const attached = await tab.send<{ sessionId: string }>("Target.attachToTarget", {
      targetId: tab.#target,
      flatten: true,
    });
    tab.#session = attached.sessionId;
    await tab.show();
    return tab;
  }

  /** Puts another tab in front. */
  async hide(): Promise<void> {
    await this.#activate(this.#other, "hidden");
  }

  async show(): Promise<void> {
    await this.#activate(this.#target, "visible");
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: T };
      exceptionDetails?: { text: string };
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${exceptionDetails.text} in: ${expression}`);
    return result.value;
  }

  /** Waits, looking once a frame or, while hidden, as often as the browser lets the page, until an expression is true. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve(true) : setTimeout(look, 10);
      look();
    })`);
  }

  /** A command of the DevTools protocol; of the page, as soon as there is one. */
  async send<T>(method: string, params: Params = {}): Promise<T> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    const { result, error } = await answered;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  async close(): Promise<void> {
    this.#socket.close();
    if (this.#browser.exitCode === null) {
      const exit = once(this.#browser, "exit");
      this.#browser.kill();
      await exit;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #create(url: string): Promise<string> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url });
    return targetId;
  }

  async #activate(targetId: string, state: DocumentVisibilityState): Promise<void> {
    await this.send("Target.activateTarget", { targetId });
    await this.until(`document.visibilityState === "${state}"`);
  }
}

/** From what the browser says as it starts. */
async function debuggerOf(browser: ChildProcess): Promise<string> {
  let said = "";
  for await (const part of browser.stderr ?? []) {
    said += part;
    const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
    if (url === undefined) continue;
    browser.stderr?.resume();
    return url;
  }
  throw new Error(`the browser ended before it listened; it said:\n${said}`);
}
