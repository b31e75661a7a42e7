/**
 * A hub for one test: the real binary, on free ports, with its own state folder. Starts, finds and kills it.
 *
 * `TICKCAST_BIN` selects the binary; by default the newest of the release and debug builds.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");

/** A hub that does not listen within this time has failed to start. */
const START_TIMEOUT_MS = 20_000;

/** Settings as environment variables, with TOML values. */
export type HubSettings = Readonly<Record<`TICKCAST__${string}`, string>>;

/** Files for a hub: its configuration and the datasets that it names. */
export interface HubFiles {
  readonly "tickcast.toml": string;
  readonly [dataset: `${string}.json`]: readonly unknown[];
  readonly [table: `${string}.csv`]: string;
}

/** What a hub is started with, also after a restart. */
interface LaunchOptions {
  readonly config: string;
  /** Contains the hub's files and the state that survives a restart. */
  readonly folder: string;
  readonly settings: HubSettings;
}

/** The URLs of the hub's listeners. */
interface Urls {
  readonly public: string;
  readonly ops: string;
}

export class Hub {
  readonly url: string;
  /** The operations listener. */
  readonly opsUrl: string;
  readonly #process: ChildProcess;
  readonly #launchOptions: LaunchOptions;

  private constructor(urls: Urls, process: ChildProcess, options: LaunchOptions) {
    this.url = urls.public;
    this.opsUrl = urls.ops;
    this.#process = process;
    this.#launchOptions = options;
  }

  /** Starts a hub with the repository's configuration and these settings. */
  static async start(settings: HubSettings = {}): Promise<Hub> {
    const config = join(ROOT, "config/tickcast.toml");
    return Hub.#launch("0", { config, folder: newFolder(), settings });
  }

  /** Starts a hub with its own configuration. */
  static async startFrom(files: HubFiles, settings: HubSettings = {}): Promise<Hub> {
    const folder = newFolder();
    write(files, folder);
    return Hub.#launch("0", { config: join(folder, "tickcast.toml"), folder, settings });
  }

  /** Starts the same hub again: same port, same state, same settings. */
  async restart(): Promise<Hub> {
    return Hub.#launch(new URL(this.url).port, this.#launchOptions);
  }

  /** Replaces its configuration and reloads it. */
  reload(files: HubFiles): void {
    write(files, this.#launchOptions.folder);
    this.#process.kill("SIGHUP");
  }

  /**
   * Starts a drain: viewers receive a `bye`, those that stay are closed within `server.drain`, and then the hub exits.
   */
  drain(): void {
    this.#process.kill("SIGTERM");
  }

  /** Waits until the process has exited. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  /** Kills it without a `bye`, as in a power cut. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Kills it and deletes its files. */
  async remove(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#launchOptions.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await exit;
  }

  static async #launch(port: string, options: LaunchOptions): Promise<Hub> {
    const { config, folder, settings } = options;
    const state = join(folder, "state");
    mkdirSync(state, { recursive: true });
    const hub = spawn(binary(), ["--config", config], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        ...settings,
        TICKCAST__SERVER__PORT: port,
        TICKCAST__OPS__PORT: "0",
        STATE_DIRECTORY: state,
      },
    });
    const timeout = setTimeout(() => hub.kill("SIGKILL"), START_TIMEOUT_MS);
    try {
      return new Hub(await urls(hub), hub, options);
    } finally {
      clearTimeout(timeout);
    }
  }
}

function write(files: HubFiles, folder: string): void {
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "tickcast-browser-"));
}

/** Reads the URLs from the `listening` events in the hub's log, which is an interface. */
async function urls(hub: ChildProcess): Promise<Urls> {
  if (hub.stderr === null) throw new Error("the hub's log is not piped");
  const log: string[] = [];
  const found: { public?: string; ops?: string } = {};
  for await (const line of createInterface({ input: hub.stderr })) {
    log.push(line);
    Object.assign(found, listeningAt(line));
    if (found.public === undefined || found.ops === undefined) continue;
    // Keep draining the pipe: a full one would block the hub.
    hub.stderr.resume();
    return { public: found.public, ops: found.ops };
  }
  throw new Error(`the hub exited before it listened; its log was:\n${log.join("\n")}`);
}

/** The listener in this log line with its URL, if any. */
function listeningAt(line: string): Record<string, string> {
  try {
    const { event, listener, url } = JSON.parse(line);
    return event === "listening" ? { [listener]: url.replace(/\/$/, "") } : {};
  } catch {
    return {};
  }
}

/** The configured binary, else the newest build: an older one contains an older page. */
function binary(): string {
  const named = process.env.TICKCAST_BIN;
  const builds = ["release", "debug"]
    .map((profile) => join(ROOT, `target/${profile}/tickcast`))
    .filter(existsSync);
  const [newest] = builds.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const found = named ?? newest;
  if (found === undefined) throw new Error("no hub binary found; run `cargo build` or set `TICKCAST_BIN`");
  return resolve(found);
}
