/**
 * A separate browser process controlled over a WebSocket: it starts with an empty profile, executes commands and is
 * ended. The protocol and the meaning of the commands are up to its user.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { type Program, pathOf } from "./programs";

export type Params = Readonly<Record<string, unknown>>;

interface RemoteMessage {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly message?: string;
  readonly method?: string;
  readonly params?: unknown;
}

export interface BrowserProgram {
  readonly program: Program;
  readonly flags: (profile: string) => readonly string[];
  /** What it prints on standard error once it listens; the first group is the URL. */
  readonly listening: RegExp;
  /** The path appended to that URL. */
  readonly endpoint: string;
  /** The command that ends it and its child processes. */
  readonly ending: string;
}

export class RemoteBrowser {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #ending: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: RemoteMessage) => void>();
  /** Listeners by event name. */
  readonly #listeners = new Map<string, (params: never) => void>();
  #lastId = 0;

  private constructor(browser: ChildProcess, profile: string, ending: string, socket: WebSocket) {
    this.#browser = browser;
    this.#profile = profile;
    this.#ending = ending;
    this.#socket = socket;
    socket.on("message", (text) => this.#hear(JSON.parse(String(text)) as RemoteMessage));
  }

  static async launch({
    program,
    flags,
    listening,
    endpoint,
    ending,
  }: BrowserProgram): Promise<RemoteBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "tickcast-profile-"));
    const browser = spawn(pathOf(program), flags(profile), {
      stdio: ["ignore", "ignore", "pipe"],
      // Firefox refuses to run in another user's home directory, as in containers that run as root.
      env: { ...process.env, HOME: profile },
    });
    const notStarted = once(browser, "error").then(([error]) => Promise.reject(error));
    const address = await Promise.race([addressIn(browser, listening), notStarted]);
    const socket = new WebSocket(address + endpoint);
    await once(socket, "open");
    return new RemoteBrowser(browser, profile, ending, socket);
  }

  async send<T>(method: string, params: Params = {}, more: Params = {}): Promise<T> {
    const id = ++this.#lastId;
    const answered = new Promise<RemoteMessage>((resolve) => this.#waiting.set(id, resolve));
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
      // It may exit before it responds.
      void this.send(this.#ending);
      await exit;
    }
    this.#socket.terminate();
    // The last of its processes may still be writing.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #hear(answer: RemoteMessage): void {
    if (answer.method !== undefined) this.#listeners.get(answer.method)?.(answer.params as never);
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}

async function addressIn(browser: ChildProcess, listening: RegExp): Promise<string> {
  let output = "";
  for await (const part of browser.stderr ?? []) {
    output += part;
    const address = listening.exec(output)?.[1];
    if (address === undefined) continue;
    // Keep draining the pipe: a full one would block the browser.
    browser.stderr?.resume();
    return address;
  }
  throw new Error(`\`${browser.spawnfile}\` exited before it listened; its output was:\n${output}`);
}
