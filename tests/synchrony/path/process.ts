/**
 * The program of the process in which all delay proxies of a run live, apart from the tool and the pages: nothing
 * that they do then holds a chunk up. It is told the paths, tells the addresses, and at the end what was applied.
 */

import { seeded } from "../../../web/tests/random";
import type { Path } from "./law";
import { DelayProxy } from "./proxy";
import type { Applied } from "./way";

export interface Order {
  readonly hub: string;
  readonly paths: readonly Path[];
  /** One a path. */
  readonly seeds: readonly number[];
}

export type Answer =
  | { readonly kind: "open"; readonly urls: readonly string[] }
  | { readonly kind: "applied"; readonly paths: readonly { up: Applied; down: Applied }[] };

let proxies: DelayProxy[] = [];

process.on("message", async (message: Order | "account") => {
  if (message === "account") {
    tell({ kind: "applied", paths: proxies.map(({ up, down }) => ({ up, down })) });
    return;
  }
  const { hub, paths, seeds } = message;
  proxies = await Promise.all(
    paths.map((path, i) => DelayProxy.before(hub, path, seeded(seeds[i] as number))),
  );
  tell({ kind: "open", urls: proxies.map(({ url }) => url) });
});

// The tool is gone, or wants no more of us.
process.on("disconnect", () => process.exit());

function tell(answer: Answer): void {
  process.send?.(answer);
}
