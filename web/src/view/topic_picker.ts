/** The topics shown: plain text if the hub has only one, else with a list to choose from. */

import type { Actions, ViewState } from "../page";
import { strings } from "../strings";
import { button, make, type Parts, write } from "./parts";

/** A longer list gets a search field. */
const LONG = 8;

/** The text in the page header. */
export function topicsText(topics: readonly string[]): string {
  const [first = strings.defaultTopic, ...others] = topics;
  if (others.length === 0) return first;
  return strings.topicAndMore(first, others.length === 1 ? (others[0] as string) : String(others.length));
}

/** Adds or removes a topic; the last one cannot be removed. */
export function toggled(topics: readonly string[], name: string): readonly string[] {
  if (!topics.includes(name)) return [...topics, name];
  return topics.length === 1 ? topics : topics.filter((other) => other !== name);
}

export class TopicPicker {
  readonly #parts: Parts;
  readonly #actions: Actions;
  readonly #list = make("ul", {});
  readonly #note = make("p", { className: "note", hidden: true });
  readonly #search = make("input", {
    type: "search",
    placeholder: strings.findTopic,
    ariaLabel: strings.findTopic,
  });
  #boxes: readonly HTMLInputElement[] = [];
  #topics: readonly string[] = [];
  #offered = "";

  constructor(parts: Parts, actions: Actions) {
    this.#parts = parts;
    this.#actions = actions;
    parts.at("topics-open").ariaLabel = strings.chooseTopics;
    parts.at("topics").onbeforetoggle = ({ newState }) => newState === "open" && actions.findTopics();
    this.#search.oninput = () => this.#filter();
    parts.at("topics").append(make("h2", {}, strings.topics), this.#note, this.#search, this.#list);
  }

  show({ topics, available, feed, leftOut }: ViewState): void {
    const text = topicsText(topics);
    this.#parts.write("topic", text);
    this.#parts.at("topic").title = topics.join(", ");
    const title = strings.title(text, feed);
    if (document.title !== title) document.title = title;
    this.#topics = topics;
    const missing = leftOut.filter((name) => !topics.includes(name));
    this.#note.hidden = missing.length === 0;
    write(this.#note, missing.length === 0 ? "" : strings.topicsMissing(missing.join(", ")));
    const offered = [...new Set([...(available ?? []), ...topics])];
    this.#parts.at("topics-open").hidden = offered.length < 2;
    if (offered.join() !== this.#offered) this.#offer(offered);
    for (const box of this.#boxes) {
      const isChosen = topics.includes(box.value);
      if (box.checked !== isChosen) box.checked = isChosen;
    }
  }

  #offer(names: readonly string[]): void {
    this.#offered = names.join();
    this.#boxes = names.map((value) => make("input", { type: "checkbox", value }));
    this.#list.replaceChildren(...this.#boxes.map((box) => this.#row(box)));
    this.#search.hidden = names.length <= LONG;
  }

  #row(box: HTMLInputElement): HTMLElement {
    const name = box.value;
    box.onchange = () => {
      const wanted = toggled(this.#topics, name);
      box.checked = wanted.includes(name);
      this.#actions.showTopics(wanted);
    };
    const only = button(strings.onlyThis, () => this.#actions.showTopics([name]), "only");
    only.ariaLabel = strings.onlyThisTopic(name);
    return make("li", {}, make("label", {}, box, make("span", {}, name)), only);
  }

  #filter(): void {
    const wanted = this.#search.value.trim().toLowerCase();
    for (const box of this.#boxes) {
      const row = box.closest("li");
      if (row !== null) row.hidden = !box.value.includes(wanted);
    }
  }
}
