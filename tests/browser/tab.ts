/**
 * A tab that can really be hidden, in a separate Chromium controlled over the DevTools protocol. Playwright cannot do
 * that: it makes every page visible.
 */

import { type BrowserProgram, type Params, RemoteBrowser } from "./remote_browser";
import { CHROMIUM_FLAGS } from "./screen";

const PROGRAM: BrowserProgram = {
  program: "chromium",
  flags: (profile: string) => [
    "--headless=new",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    ...CHROMIUM_FLAGS,
    "about:blank",
  ],
  listening: /DevTools listening on (ws:\S+)/,
  endpoint: "",
  ending: "Browser.close",
};

export class Tab {
  readonly #remote: RemoteBrowser;
  readonly #target: string;
  readonly #other: string;
  readonly #session: string;

  private constructor(remote: RemoteBrowser, target: string, other: string, session: string) {
    this.#remote = remote;
    this.#target = target;
    this.#other = other;
    this.#session = session;
  }

  /** Opens a browser with `url` in front; the script `first` runs in the page before its own scripts. */
  static async open(url: string, first = ""): Promise<Tab> {
    const remote = await RemoteBrowser.launch(PROGRAM);
    const [other, target] = [await create(remote), await create(remote)];
    const { sessionId } = await remote.send<{ sessionId: string }>("Target.attachToTarget", {
      targetId: target,
      flatten: true,
    });
    const tab = new Tab(remote, target, other, sessionId);
    await tab.send("Page.enable");
    await tab.send("Page.addScriptToEvaluateOnNewDocument", { source: first });
    await tab.send("Page.navigate", { url });
    await tab.show();
    // Navigation returns before the document is complete.
    await tab.until(`document.readyState === "complete"`);
    return tab;
  }

  /** Puts another tab in front. */
  async hide(): Promise<void> {
    await this.#activate(this.#other, "hidden");
  }

  async show(): Promise<void> {
    await this.#activate(this.#target, "visible");
  }

  /** Evaluates an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: T };
      exceptionDetails?: { text: string };
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${exceptionDetails.text} in: ${expression}`);
    return result.value;
  }

  /** Waits until an expression is true, checking as often as the browser allows, which is rarely while hidden. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve(true) : setTimeout(look, 10);
      look();
    })`);
  }

  /** Sends a DevTools command to the page. */
  send<T>(method: string, params: Params = {}): Promise<T> {
    return this.#remote.send(method, params, { sessionId: this.#session });
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  async #activate(targetId: string, state: DocumentVisibilityState): Promise<void> {
    await this.#remote.send("Target.activateTarget", { targetId });
    await this.until(`document.visibilityState === "${state}"`);
  }
}

async function create(remote: RemoteBrowser): Promise<string> {
  const { targetId } = await remote.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
  return targetId;
}
