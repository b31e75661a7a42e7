/**
 * One page in a real Firefox, spoken to over WebDriver BiDi, with the few verbs that a smoke test needs. It notes what
 * must never happen: errors in the console, and what the page's own policy forbids.
 *
 * `FIREFOX` names the browser; else Debian's is taken.
 */

import { Remote } from "./remote";

const PROGRAM = {
  path: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
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

/** Put in before the page, whose policy would otherwise be broken in silence. */
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
  readonly #remote: Remote;
  readonly #context: string;

  private constructor(remote: Remote, context: string) {
    this.#remote = remote;
    this.#context = context;
    remote.on("log.entryAdded", ({ level, text }: LogEntry) => {
      if (level === "error") this.errors.push(text);
    });
  }

  static async open(url: string): Promise<Firefox> {
    const remote = await Remote.launch(PROGRAM);
    await remote.send("session.new", { capabilities: {} });
    const { contexts } = await remote.send<{ contexts: { context: string }[] }>("browsingContext.getTree");
    const [{ context }] = contexts as [{ context: string }];
    const firefox = new Firefox(remote, context);
    await remote.send("session.subscribe", { events: ["log.entryAdded"] });
    await remote.send("script.addPreloadScript", { functionDeclaration: NOTE_VIOLATIONS });
    await remote.send("browsingContext.navigate", { context, url, wait: "complete" });
    return firefox;
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { type, result, exceptionDetails } = await this.#remote.send<Evaluated>("script.evaluate", {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (type === "exception") throw new Error(`${exceptionDetails?.text} in: ${expression}`);
    return JSON.parse(result?.value ?? "null");
  }

  /** Waits until an expression is true, looking once a frame. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve(true) : requestAnimationFrame(look);
      look();
    })`);
  }

  /** Waits until a part of the page, by the name that index.html gives it, reads like this. */
  async reads(part: string, pattern: RegExp): Promise<void> {
    await this.until(
      `${pattern}.test(document.querySelector('[data-part="${part}"]')?.textContent?.trim() ?? "")`,
    );
  }

  /** Presses and releases a key; the named ones have places of their own in the WebDriver standard. */
  async press(key: string): Promise<void> {
    await this.#perform("key", [
      { type: "keyDown", value: key },
      { type: "keyUp", value: key },
    ]);
  }

  /** Clicks in the middle of what a selector finds. */
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
