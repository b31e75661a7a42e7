/**
 * The replay in the footer: the name of the dataset, the record that is shown and the lap; and a panel that says what the
 * data is, where it comes from and on which terms.
 */

import { LOCALE } from "../locale";
import type { About, Actions, Reading, ReplayPosition, TopicInfo, ViewState } from "../page";
import { strings } from "../strings";
import { make, type Parts, write } from "./parts";

const whole = new Intl.NumberFormat(LOCALE);

/** The name of a topic's dataset: its title, else its file, else the topic's name. */
export function datasetName(topic: string, info: TopicInfo | undefined): string {
  return info?.about.title ?? info?.dataset ?? topic;
}

/** `record 12 of 8,233, lap 3`; undefined before the first record. */
export function positionText({ record, records, lap }: ReplayPosition): string | undefined {
  if (record === undefined) return undefined;
  const text = strings.replayRecord(whole.format(record), whole.format(records));
  return lap === undefined ? text : `${text}, ${strings.replayLap(whole.format(lap))}`;
}

export class ReplayStatus {
  readonly #parts: Parts;
  readonly #body = make("div", {});
  /** What the panel was made for. */
  #made = "";
  #positions: readonly HTMLElement[] = [];

  constructor(parts: Parts, actions: Pick<Actions, "findTopics">) {
    this.#parts = parts;
    // A reload of the hub may have changed what it says.
    parts.at("source").onbeforetoggle = ({ newState }) => newState === "open" && actions.findTopics();
    parts.at("source").append(make("h2", {}, strings.aboutData), this.#body);
    parts.at("source-open").title = strings.aboutData;
  }

  show({ replays, about }: ViewState): void {
    const [first] = replays;
    this.#parts.at("replay-line").hidden = first === undefined;
    if (first === undefined) return;
    this.#parts.write("dataset", strings.replayOf(datasetName(first.topic, about.get(first.topic))));
    const infos = replays.map(({ topic }) => about.get(topic));
    const made = JSON.stringify([replays.map(({ topic, sha256 }) => [topic, sha256]), infos]);
    if (made !== this.#made) this.#make(replays, infos);
    this.#made = made;
    this.showPositions({ replays });
  }

  /** Updates the positions, in the frame that draws their records. */
  showPositions({ replays }: Pick<Reading, "replays">): void {
    const [first] = replays;
    if (first === undefined) return;
    this.#parts.write("replay-record", shortPosition(first));
    for (const [i, cell] of this.#positions.entries())
      write(cell, (replays[i] && positionText(replays[i])) ?? strings.noValue);
  }

  #make(replays: readonly ReplayPosition[], infos: readonly (TopicInfo | undefined)[]): void {
    this.#positions = replays.map(() => make("dd", {}));
    const lists = replays.map((replay, i) => {
      const about: About = infos[i]?.about ?? {};
      const list = make("dl", {});
      const add = (name: string, ...content: readonly (Node | string)[]) =>
        list.append(make("dt", {}, name), make("dd", {}, ...content));
      list.append(make("dt", {}, strings.aboutPosition), this.#positions[i] as HTMLElement);
      if (about.origin !== undefined) add(strings.aboutOrigin, ...withLinks(about.origin));
      if (about.licence !== undefined) add(strings.aboutLicence, ...withLinks(about.licence));
      add(strings.aboutDigest, make("code", {}, replay.sha256));
      return make("section", {}, make("h3", {}, datasetName(replay.topic, infos[i])), list);
    });
    this.#body.replaceChildren(...lists);
  }
}

/** As in the footer: `12 / 8,233 · lap 3`. */
function shortPosition({ record, records, lap }: ReplayPosition): string {
  if (record === undefined) return "";
  const text = `${whole.format(record)} / ${whole.format(records)}`;
  return lap === undefined ? text : `${text} · ${strings.replayLap(whole.format(lap))}`;
}

/** The text with its addresses as links; a punctuation mark at the end of an address belongs to the sentence. */
export function withLinks(text: string): (Node | string)[] {
  return text
    .split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/)
    .map((part, i) => (i % 2 === 0 ? part : make("a", { href: part, rel: "noreferrer" }, part)))
    .filter((part) => part !== "");
}
