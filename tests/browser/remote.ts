/**
 * A browser process of one's own, spoken to over a WebSocket: it starts with an empty profile, carries out commands and
 * is ended. Which protocol that is, and what the commands mean, is its user's business.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";

export type Params = Readonly<Record<string, unknown>>;

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly message?: string;
  readonly method?: string;
  readonly params?: unknown;
}

export interface Program {
  readonly path: string;
  readonly flags: (profile: string) => readonly string[];
  /** What it says on standard error as soon as it listens; the first group is the address. */
  readonly listening: RegExp;
  /** What follows that address. */
  readonly endpoint: string;
  /** The command that ends it, and with it the processes that it has started. */
  readonly ending: string;
}

export class Remote {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #ending: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  /** Of each kind of event that somebody wants, what is to be called. */
  readonly #listeners = new Map<string, (params: never) => void>();
  #lastId = 0;

  private constructor(browser: ChildProcess, profile: string, ending: string, socket: WebSocket) {
    this.#browser = browser;
    this.#profile = profile;
    this.#ending = ending;
    this.#socket = socket;
    socket.on("message", (text) => this.#hear(JSON.parse(String(text)) as Answer));
  }

  static async launch({ path, flags, listening, endpoint, ending }: Program): Promise<Remote> {
    const profile = mkdtempSync(join(tmpdir(), "tickcast-profile-"));
    const browser = spawn(path, flags(profile), {
      stdio: ["ignore", "ignore", "pipe"],
      // Firefox does not run as one user in the home of another, as in containers that run as root.
      env: { ...process.env, HOME: profile },
    });
    const notStarted = once(browser, "error").then(([error]) => Promise.reject(error));
    const address = await Promise.race([addressIn(browser, listening), notStarted]);
    const socket = new WebSocket(address + endpoint);
    await once(socket, "open");
    return new Remote(browser, profile, ending, socket);
  }

  async send<T>(method: string, params: Params = {}, more: Params = {}): Promise<T> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, ...more }));
    const { result, error, message } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${message ?? JSON.stringify(error)}`);
    return result as T;
  }

  on<P>(event: string, listener: (params: P) => void): void {
    this.#listeners.set(event, listener);
  }

  async close(): Promise<void> {
    if (this.#browser.exitCode === null && this.#browser.signalCode === null) {
      const exit = once(this.#browser, "exit");
      // It may be gone before it has answered.
      void this.send(this.#ending);
      await exit;
    }
    this.#socket.terminate();
    // The last of its processes may be writing still.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #hear(answer: Answer): void {
    if (answer.method !== undefined) this.#listeners.get(answer.method)?.(answer.params as never);
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}

async function addressIn(browser: ChildProcess, listening: RegExp): Promise<string> {
  let said = "";
  for await (const part of browser.stderr ?? []) {
    said += part;
    const address = listening.exec(said)?.[1];
    if (address === undefined) continue;
    // Goes on reading, unheard: a full pipe would stop the browser.
    browser.stderr?.resume();
    return address;
  }
  throw new Error(`\`${browser.spawnfile}\` ended before it listened; it said:\n${said}`);
}
