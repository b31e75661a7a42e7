/**
 * One page in a real Firefox, controlled over WebDriver BiDi, with the few operations that smoke tests need. It records
 * console errors and violations of the page's content security policy.
 *
 * `FIREFOX` selects the browser; by default the program `firefox-esr`.
 */

import { type BrowserProgram, RemoteBrowser } from "./remote_browser";

const PROGRAM: BrowserProgram = {
  program: "firefox-esr",
  flags: (profile: string) => [
    "--headless",
    "--no-remote",
    "--remote-debugging-port=0",
    `--profile=${profile}`,
    "--width=1280",
    "--height=800",
    "about:blank",
  ],
  listening: /WebDriver BiDi listening on (ws:\S+)/,
  endpoint: "/session",
  ending: "browser.close",
};

/** Installed before the page loads, because policy violations are otherwise silent. */
const NOTE_VIOLATIONS = `() => addEventListener("securitypolicyviolation", (event) =>
  console.error("forbidden by the policy: " + event.violatedDirective + " " + event.blockedURI))`;

interface LogEntry {
  readonly level: string;
  readonly text: string;
}

interface Evaluated {
  readonly type: "success" | "exception";
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

export class Firefox {
  readonly errors: string[] = [];
  readonly #remote: RemoteBrowser;
  readonly #context: string;

  private constructor(remote: RemoteBrowser, context: string) {
    this.#remote = remote;
    this.#context = context;
    remote.on("log.entryAdded", ({ level, text }: LogEntry) => {
      if (level === "error") this.errors.push(text);
    });
  }

  static async open(url: string): Promise<Firefox> {
    const remote = await RemoteBrowser.launch(PROGRAM);
    await remote.send("session.new", { capabilities: {} });
    const { contexts } = await remote.send<{ contexts: { context: string }[] }>("browsingContext.getTree");
    const [{ context }] = contexts as [{ context: string }];
    const firefox = new Firefox(remote, context);
    await remote.send("session.subscribe", { events: ["log.entryAdded"] });
    await remote.send("script.addPreloadScript", { functionDeclaration: NOTE_VIOLATIONS });
    await remote.send("browsingContext.navigate", { context, url, wait: "complete" });
    return firefox;
  }

  /** Evaluates an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { type, result, exceptionDetails } = await this.#remote.send<Evaluated>("script.evaluate", {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (type === "exception") throw new Error(`${exceptionDetails?.text} in: ${expression}`);
    return JSON.parse(result?.value ?? "null");
  }

  /** Waits until an expression is true, checking once per frame. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve(true) : requestAnimationFrame(look);
      look();
    })`);
  }

  /** Waits until the text of a part of the page, named as in index.html, matches. */
  async reads(part: string, pattern: RegExp): Promise<void> {
    await this.until(
      `${pattern}.test(document.querySelector('[data-part="${part}"]')?.textContent?.trim() ?? "")`,
    );
  }

  /** Presses and releases a key; named keys have code points of their own in the WebDriver standard. */
  async press(key: string): Promise<void> {
    await this.#perform("key", [
      { type: "keyDown", value: key },
      { type: "keyUp", value: key },
    ]);
  }

  /** Clicks the centre of the element that matches a selector. */
  async click(selector: string): Promise<void> {
    const [x, y] = await this.evaluate<[number, number]>(`(() => {
      const { x, y, width, height } = document.querySelector('${selector}').getBoundingClientRect();
      return [Math.round(x + width / 2), Math.round(y + height / 2)];
    })()`);
    await this.#perform("pointer", [
      { type: "pointerMove", x, y },
      { type: "pointerDown", button: 0 },
      { type: "pointerUp", button: 0 },
    ]);
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  async #perform(type: "key" | "pointer", actions: readonly object[]): Promise<void> {
    await this.#remote.send("input.performActions", {
      context: this.#context,
      actions: [{ type, id: type, actions }],
    });
  }
}
