/**
 * A hub for one test: the real binary, on free ports, with a state folder of its own. Knows how to start, find
 * and kill it; what a page makes of that is the tests' business.
 *
 * `TICKCAST_BIN` names the binary; else the release build is taken, else the debug build.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");

/** A hub that has not said where it listens by then has failed. */
const START_TIMEOUT_MS = 20_000;

/** Settings by the names of their environment variables, with values in the spelling of TOML. */
export type Settings = Readonly<Record<`TICKCAST__${string}`, string>>;

/** What a hub is started from, by file name: its configuration, and the datasets that stand in it. */
export interface Files {
  readonly "tickcast.toml": string;
  readonly [dataset: `${string}.json`]: readonly unknown[];
}

/** What a hub is started with, each time. */
interface Beginning {
  readonly config: string;
  /** Holds what outlives the process, and the files of this hub. */
  readonly folder: string;
  readonly settings: Settings;
}

/** Where the hub listens. */
interface Urls {
  readonly public: string;
  readonly ops: string;
}

export class Hub {
  readonly url: string;
  /** Of the operations listener. */
  readonly opsUrl: string;
  readonly #process: ChildProcess;
  readonly #beginning: Beginning;

  private constructor(urls: Urls, process: ChildProcess, beginning: Beginning) {
    this.url = urls.public;
    this.opsUrl = urls.ops;
    this.#process = process;
    this.#beginning = beginning;
  }

  /** The repository's own configuration, apart from these settings. */
  static async start(settings: Settings = {}): Promise<Hub> {
    const config = join(ROOT, "config/tickcast.toml");
    return Hub.#launch("0", { config, folder: newFolder(), settings });
  }

  /** A configuration of the test's own. */
  static async startFrom(files: Files, settings: Settings = {}): Promise<Hub> {
    const folder = newFolder();
    write(files, folder);
    return Hub.#launch("0", { config: join(folder, "tickcast.toml"), folder, settings });
  }

  /** The same hub again: same port, same state, same settings. */
  async startAgain(): Promise<Hub> {
    return Hub.#launch(new URL(this.url).port, this.#beginning);
  }

  /** Has it read its configuration again, which now is this. */
  reload(files: Files): void {
    write(files, this.#beginning.folder);
    this.#process.kill("SIGHUP");
  }

  /** Sends its viewers a `bye`, closes those that stay within `server.drain`, and then ends. */
  drain(): void {
    this.#process.kill("SIGTERM");
  }

  /** Waits until it has ended by itself. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  /** No farewell, as in a power cut. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** For good. */
  async remove(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#beginning.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await exit;
  }

  static async #launch(port: string, beginning: Beginning): Promise<Hub> {
    const { config, folder, settings } = beginning;
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
      return new Hub(await urls(hub), hub, beginning);
    } finally {
      clearTimeout(timeout);
    }
  }
}

function write(files: Files, folder: string): void {
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "tickcast-browser-"));
}

/** From the hub's own log, which is an interface: the events `listening`. */
async function urls(hub: ChildProcess): Promise<Urls> {
  if (hub.stderr === null) throw new Error("the hub's log is not piped");
  const said: string[] = [];
  const found: { public?: string; ops?: string } = {};
  for await (const line of createInterface({ input: hub.stderr })) {
    said.push(line);
    Object.assign(found, listeningAt(line));
    if (found.public === undefined || found.ops === undefined) continue;
    // Goes on reading, unheard: a full pipe would stop the hub.
    hub.stderr.resume();
    return { public: found.public, ops: found.ops };
  }
  throw new Error(`the hub ended before it listened; it said:\n${said.join("\n")}`);
}

/** The listener that this line tells of, with its URL. */
function listeningAt(line: string): Record<string, string> {
  try {
    const { event, listener, url } = JSON.parse(line);
    return event === "listening" ? { [listener]: url.replace(/\/$/, "") } : {};
  } catch {
    return {};
  }
}

/** The hub that is named, else the one that was built last: an older one has an older page in it. */
function binary(): string {
  const named = process.env.TICKCAST_BIN;
  const builds = ["release", "debug"]
    .map((profile) => join(ROOT, `target/${profile}/tickcast`))
    .filter(existsSync);
  const [newest] = builds.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const found = named ?? newest;
  if (found === undefined)
    throw new Error("there is no hub to test; `cargo build` makes one, or set `TICKCAST_BIN`");
  return resolve(found);
}
