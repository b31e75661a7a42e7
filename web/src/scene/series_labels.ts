/**
 * The names of series: each is different from all others to a reader's eye, and none is empty.
 *
 * A series is named by its field's label, else by its key, else by its topic. Names that look alike get what tells them
 * apart: the topic if it differs, then the key, and as a last resort a number.
 */

import type { Series } from "../scene";
import type { Field } from "../topic_buffer/field";

/** The name of each series, in the order given. */
export function labelsOf(those: readonly { readonly series: Series }[]): readonly string[] {
  const series = those.map((one) => one.series);
  const own = series.map(({ field, topic }) => ownLabel(field) ?? topic);
  const isOneTopic = series.every(({ topic }) => topic === series[0]?.topic);
  const withTopics = apart(own, (i) => {
    const { topic } = series[i] as Series;
    return isOneTopic || topic === own[i] ? own[i] : `${topic} ${own[i]}`;
  });
  const withKeys = apart(withTopics, (i) => {
    const { label, name } = (series[i] as Series).field;
    return label === undefined || name === undefined ? withTopics[i] : `${withTopics[i]} (${keyText(name)})`;
  });
  return apart(withKeys, (i, before) => `${withKeys[i]} #${before + 1}`);
}

/** Labels each of the series, in the order given. */
export function labelSeries(those: readonly { readonly series: Series }[]): void {
  for (const [i, label] of labelsOf(those).entries())
    (those[i] as { readonly series: Series }).series.label = label;
}

/** Replaces the names that look like another; `name` gets the index, and how many like it come before. */
function apart(
  names: readonly string[],
  name: (index: number, before: number) => string | undefined,
): readonly string[] {
  const looks = names.map(lookOf);
  return names.map((own, i) => {
    const isAlone = looks.indexOf(looks[i] as string) === i && looks.lastIndexOf(looks[i] as string) === i;
    if (isAlone) return own;
    return name(i, looks.slice(0, i).filter((look) => look === looks[i]).length) ?? own;
  });
}

function ownLabel({ label, name }: Field): string | undefined {
  if (label !== undefined && lookOf(label) !== "") return label;
  return name === undefined ? undefined : keyText(name);
}

/** A key that shows nothing, or begins or ends with what cannot be seen, is put in quotation marks: `""`. */
function keyText(key: string): string {
  return lookOf(key) === "" || key !== key.trim() ? JSON.stringify(key) : key;
}

/** What is seen of a text: without characters that have no width, and with all white space alike. */
function lookOf(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}|\p{Cc}/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
}
