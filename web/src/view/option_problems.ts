/**
 * What is wrong with an option that is written by hand, in the page's address or in an attribute of `<tick-chart>`. The
 * default is shown instead; the sentence says so, and where the option stands.
 */

import type { Theme } from "../page";
import { optionStrings } from "../strings/on_demand";
import { parseDuration, WINDOW_DEFAULT_MS, WINDOW_MAX_MS, WINDOW_MIN_MS } from "../viewport";
import { windowText } from "./time_format";

/** Longer texts say no more about what is wrong. */
const QUOTED_LEN_MAX = 40;

export const THEMES: readonly string[] = ["light", "dark", "auto"] satisfies readonly Theme[];

/** `place` says where the text stands. Undefined if nothing is wrong. */
export function windowProblem(text: string, place: string): string | undefined {
  const ms = parseDuration(text);
  if (ms === undefined) return optionStrings.notWindow(quoted(text), place, windowText(WINDOW_DEFAULT_MS));
  if (ms >= WINDOW_MIN_MS && ms <= WINDOW_MAX_MS) return undefined;
  const [least, most] = [windowText(WINDOW_MIN_MS), windowText(WINDOW_MAX_MS)];
  return optionStrings.windowRange(quoted(text), place, least, most, ms < WINDOW_MIN_MS ? least : most);
}

export function themeProblem(text: string, place: string): string | undefined {
  return THEMES.includes(text) ? undefined : optionStrings.notTheme(quoted(text), place, THEMES.join(", "));
}

export function quoted(text: string): string {
  return text.length > QUOTED_LEN_MAX ? `${text.slice(0, QUOTED_LEN_MAX)}…` : text;
}
