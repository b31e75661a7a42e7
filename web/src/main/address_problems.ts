/**
 * What is wrong with the options in the page's address, in words. The page shows its default instead, because a mistyped
 * URL on a wall display should still show the chart; but it says so.
 */

import { readPosition } from "../client/protocol";
import { strings } from "../strings";
import { windowText } from "../view/time_format";
import { parseDuration, WINDOW_DEFAULT_MS, WINDOW_MAX_MS, WINDOW_MIN_MS } from "../viewport";
import { readTheme, readTopics, TOPICS_MAX } from "./address";

/** Longer texts say no more about what is wrong. */
const QUOTED_LEN_MAX = 40;

/** One sentence for each option that cannot be met. */
export function addressProblems(query: string): readonly string[] {
  const params = new URLSearchParams(query);
  const check = (name: string, problemOf: (text: string) => string | undefined) => {
    const text = params.get(name) ?? "";
    return (text === "" ? undefined : problemOf(text)) ?? [];
  };
  return [
    check("topic", topicsProblem),
    check("window", windowProblem),
    check("at", (text) =>
      readPosition(text) === undefined ? strings.addressMoment(quoted(text)) : undefined,
    ),
    check("theme", themeProblem),
    check("kiosk", (text) => switchProblem("kiosk", text)),
    check("embed", (text) => switchProblem("embed", text)),
  ].flat();
}

function topicsProblem(text: string): string | undefined {
  const further = readTopics(text).slice(TOPICS_MAX);
  return further.length > 0 ? strings.topicsLeftOut(TOPICS_MAX, further.join(", ")) : undefined;
}

function windowProblem(text: string): string | undefined {
  const ms = parseDuration(text);
  if (ms === undefined) return strings.addressWindow(quoted(text), windowText(WINDOW_DEFAULT_MS));
  if (ms >= WINDOW_MIN_MS && ms <= WINDOW_MAX_MS) return undefined;
  const [least, most] = [windowText(WINDOW_MIN_MS), windowText(WINDOW_MAX_MS)];
  return strings.addressWindowRange(quoted(text), least, most, ms < WINDOW_MIN_MS ? least : most);
}

function themeProblem(text: string): string | undefined {
  return readTheme(text) === undefined ? strings.addressTheme(quoted(text), "light, dark, auto") : undefined;
}

function switchProblem(name: string, text: string): string | undefined {
  return text === "1" || text === "0" ? undefined : strings.addressSwitch(name, quoted(text));
}

function quoted(text: string): string {
  return text.length > QUOTED_LEN_MAX ? `${text.slice(0, QUOTED_LEN_MAX)}…` : text;
}
