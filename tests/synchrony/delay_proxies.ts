/** The delay proxies of a run, one per page, in a child process that reports the applied delays at the end. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Path } from "./path/delay_model";
import type { AppliedDelays } from "./path/delay_queue";
import type { ProxyReply, ProxyRequest } from "./path/proxy_process";

export class DelayProxies {
  /** The URL of the hub for each page. */
  readonly urls: readonly string[];
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, urls: readonly string[]) {
    this.#process = process;
    this.urls = urls;
  }

  static async open(hub: string, paths: readonly Path[], seeds: readonly number[]): Promise<DelayProxies> {
    // `argv[1]` is the runner that executes TypeScript; the child process needs it as well.
    const child = fork(process.argv[1] as string, [join(import.meta.dirname, "path/proxy_process.ts")]);
    const answer = await ask(child, { hub, paths, seeds });
    if (answer.kind !== "open") throw new Error("unexpected reply from the proxy process");
    return new DelayProxies(child, answer.urls);
  }

  async collectDelays(): Promise<readonly { readonly up: AppliedDelays; readonly down: AppliedDelays }[]> {
    const answer = await ask(this.#process, "account");
    if (answer.kind !== "applied") throw new Error("unexpected reply from the proxy process");
    return answer.paths;
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

async function ask(child: ChildProcess, question: ProxyRequest | "account"): Promise<ProxyReply> {
  const gone = once(child, "exit").then(() => {
    throw new Error("the proxy process has exited");
  });
  const answer = once(child, "message");
  child.send(question);
  const [message] = await Promise.race([answer, gone]);
  return message as ProxyReply;
}
