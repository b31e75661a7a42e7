/**
 * The process that runs all delay proxies of a run, separate from the tool and the pages so that their work does not
 * delay any chunk. It receives the paths, returns the URLs, and at the end reports the applied delays.
 */

import { seeded } from "../../../web/tests/samples";
import type { Path } from "./delay_model";
import { DelayProxy } from "./delay_proxy";
import type { AppliedDelays } from "./delay_queue";

export interface ProxyRequest {
  readonly hub: string;
  readonly paths: readonly Path[];
  /** One per path. */
  readonly seeds: readonly number[];
}

export type ProxyReply =
  | { readonly kind: "open"; readonly urls: readonly string[] }
  | { readonly kind: "applied"; readonly paths: readonly { up: AppliedDelays; down: AppliedDelays }[] };

let proxies: DelayProxy[] = [];

process.on("message", async (message: ProxyRequest | "account") => {
  if (message === "account") {
    reply({ kind: "applied", paths: proxies.map(({ up, down }) => ({ up, down })) });
    return;
  }
  const { hub, paths, seeds } = message;
  proxies = await Promise.all(
    paths.map((path, i) => DelayProxy.before(hub, path, seeded(seeds[i] as number))),
  );
  reply({ kind: "open", urls: proxies.map(({ url }) => url) });
});

// The tool has exited or disconnected.
process.on("disconnect", () => process.exit());

function reply(message: ProxyReply): void {
  process.send?.(message);
}
