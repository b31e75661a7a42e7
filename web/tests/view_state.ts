/** A view state to render, and actions that record their calls. For tests only. */

import type { Actions, LegendEntry, ViewState } from "../src/page";

export function entry(topic: string, name?: string, more: Partial<LegendEntry> = {}): LegendEntry {
  const field = { name, label: undefined, unit: undefined };
  return { series: { key: `${topic}/${name}`, topic, field, colour: 0 }, isShown: true, value: 1, ...more };
}

export function viewState(more: Partial<ViewState> = {}): ViewState {
  return {
    topics: ["ecg"],
    available: undefined,
    audience: undefined,
    badge: { kind: "live" },
    about: new Map(),
    leftOut: [],
    feed: "live",
    replays: [],
    isPaused: false,
    canPause: true,
    legend: [entry("ecg", "value")],
    columns: { drawn: 1, all: 1 },
    unlisted: 0,
    at: undefined,
    isPointed: false,
    windowMs: 10_000,
    seq: 1,
    viewers: 1,
    missed: 0,
    starvingSince: undefined,
    lostSince: undefined,
    sync: { offsetMs: undefined, errorMs: undefined, delayMs: undefined, aheadMs: undefined, isLost: false },
    notice: undefined,
    theme: "auto",
    isKiosk: false,
    ...more,
  };
}

/** Actions that record every call as `name argument`. */
export function recordingActions(): { readonly actions: Actions; readonly called: string[] } {
  const called: string[] = [];
  const note =
    (name: string) =>
    (...given: readonly unknown[]) =>
      called.push([name, ...given].join(" ").trim());
  const actions = new Proxy({} as Actions, { get: (_, name) => note(String(name)) });
  return { actions, called };
}
