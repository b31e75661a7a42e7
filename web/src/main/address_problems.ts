/**
 * What is wrong with the options in the page's address, in words. The page shows its default instead, because a mistyped
 * URL on a wall display should still show the chart; but it says so.
 */

import { readPosition } from "../client/protocol";
import type { TopicSubscription } from "../player/topic_subscription";
import { onDemandStrings, optionStrings } from "../strings/on_demand";
import { columnName } from "../topic_buffer/field";
import { quoted, themeProblem, windowProblem } from "../view/option_problems";
import { readTopics, TOPICS_MAX } from "./address";

/** One sentence for each option that cannot be met. */
export function addressProblems(query: string): readonly string[] {
  const params = new URLSearchParams(query);
  const check = (name: string, problemOf: (text: string) => string | undefined) => {
    const text = params.get(name) ?? "";
    return (text === "" ? undefined : problemOf(text)) ?? [];
  };
  return [
    check("topic", topicsProblem),
    check("window", (text) => windowProblem(text, optionStrings.inAddress)),
    check("at", (text) =>
      readPosition(text) === undefined ? onDemandStrings.addressMoment(quoted(text)) : undefined,
    ),
    check("theme", (text) => themeProblem(text, optionStrings.inAddress)),
    check("kiosk", (text) => switchProblem("kiosk", text)),
    check("embed", (text) => switchProblem("embed", text)),
  ].flat();
}

/** The columns in the address that none of the topics shown has. */
export function columnProblems(
  columns: readonly string[],
  subscriptions: readonly Pick<TopicSubscription, "name" | "buffer">[],
): readonly string[] {
  const isKnown = (column: string) =>
    subscriptions.some(({ name = "", buffer: { fields } }) => {
      const names = fields.map(columnName);
      return [...names, ""].some((one) => column === one || column === `${name}/${one}`);
    });
  const missing = columns.filter((column) => !isKnown(column));
  return missing.length > 0 ? [onDemandStrings.addressColumns(missing.join(", "))] : [];
}

function topicsProblem(text: string): string | undefined {
  const further = readTopics(text).slice(TOPICS_MAX);
  return further.length > 0 ? onDemandStrings.topicsLeftOut(TOPICS_MAX, further.join(", ")) : undefined;
}

function switchProblem(name: string, text: string): string | undefined {
  return text === "1" || text === "0" ? undefined : onDemandStrings.addressSwitch(name, quoted(text));
}
