/** Facts to show, and a list of the wishes that were raised. */

import type { Facts, LegendEntry, Wishes } from "../src/page";

export function entry(topic: string, name?: string, more: Partial<LegendEntry> = {}): LegendEntry {
  const field = { name, label: undefined, unit: undefined };
  return { series: { key: `${topic}/${name}`, topic, field, colour: 0 }, isShown: true, value: 1, ...more };
}

export function facts(more: Partial<Facts> = {}): Facts {
  return {
    topics: ["ecg"],
    available: undefined,
    badge: { kind: "live" },
    isPaused: false,
    canPause: true,
    legend: [entry("ecg", "value")],
    at: undefined,
    isPointed: false,
    windowMs: 10_000,
    seq: 1,
    viewers: 1,
    missed: 0,
    drySince: undefined,
    sync: { offsetMs: undefined, errorMs: undefined, delayMs: undefined, aheadMs: undefined },
    notice: undefined,
    theme: "auto",
    isKiosk: false,
    ...more,
  };
}

/** Every wish is written down as `name argument`. */
export function noting(): { readonly wishes: Wishes; readonly raised: string[] } {
  const raised: string[] = [];
  const note =
    (name: string) =>
    (...given: readonly unknown[]) =>
      raised.push([name, ...given].join(" ").trim());
  const wishes = new Proxy({} as Wishes, { get: (_, name) => note(String(name)) });
  return { wishes, raised };
}
