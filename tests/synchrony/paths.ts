/** The paths of a run, one a page, as the tool sees them: a process full of delay proxies, and its account at the end. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Path } from "./path/law";
import type { Answer, Order } from "./path/process";
import type { Applied } from "./path/way";

export class Paths {
  /** Where each page finds the hub. */
  readonly urls: readonly string[];
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, urls: readonly string[]) {
    this.#process = process;
    this.urls = urls;
  }

  static async open(hub: string, paths: readonly Path[], seeds: readonly number[]): Promise<Paths> {
    // Our own argument 1 is the runner that reads TypeScript; the other process needs it as well.
    const child = fork(process.argv[1] as string, [join(import.meta.dirname, "path/process.ts")]);
    const answer = await ask(child, { hub, paths, seeds });
    if (answer.kind !== "open") throw new Error("the proxies answered out of turn");
    return new Paths(child, answer.urls);
  }

  async account(): Promise<readonly { readonly up: Applied; readonly down: Applied }[]> {
    const answer = await ask(this.#process, "account");
    if (answer.kind !== "applied") throw new Error("the proxies answered out of turn");
    return answer.paths;
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

async function ask(child: ChildProcess, question: Order | "account"): Promise<Answer> {
  const gone = once(child, "exit").then(() => {
    throw new Error("the process of the proxies has ended");
  });
  const answer = once(child, "message");
  child.send(question);
  const [message] = await Promise.race([answer, gone]);
  return message as Answer;
}
