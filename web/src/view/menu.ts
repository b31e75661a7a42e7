/** Everything that is wanted now and then, behind one button. */

import { type CommandName, commands, hintOf, keyName, shortcutsOf, THEMES } from "../commands";
import type { Facts, Theme, Wishes } from "../page";
import { strings } from "../strings";
import { copyButton } from "./copying";
import { button, make, mark, type Parts } from "./parts";
import { fieldText } from "./time";

/** What the menu opens besides raising wishes. */
export interface MenuActions {
  announce(text: string): void;
  openHelp(): void;
  openTable(): void;
}

export class Menu {
  readonly #panel: HTMLElement;
  readonly #wishes: Wishes;
  readonly #field = make("input", { type: "datetime-local", step: "1", required: true });
  readonly #themes = new Map<Theme, HTMLElement>();
  readonly #kiosk: HTMLElement;
  /** Where the view stands, for the field to begin with. */
  #at: number | undefined;

  constructor(parts: Parts, wishes: Wishes, actions: MenuActions) {
    this.#wishes = wishes;
    this.#panel = parts.at("menu");
    this.#panel.ariaLabel = strings.more;
    mark(this.#panel, "role", "group");
    parts.at("menu-open").ariaLabel = strings.more;
    parts.at("menu-open").title = strings.more;
    this.#kiosk = this.#item("kiosk", strings.kiosk, () => wishes.toggleKiosk());
    const copy = (words: string, ask: () => Promise<boolean>) => copyButton(words, ask, actions.announce);
    const link = copy(strings.copyLink, () => wishes.copyLink());
    this.#panel.append(
      this.#goTo(),
      section(
        strings.share,
        withKey(link, "copyLink"),
        copy(strings.copyCurl, () => wishes.copyLine("curl")),
        copy(strings.copyJs, () => wishes.copyLine("js")),
      ),
      section(
        strings.save,
        this.#item("savePng", strings.savePng, () => wishes.savePng()),
        this.#item(undefined, strings.saveCsv, () => wishes.saveCsv()),
        this.#item(undefined, strings.showTable, () => actions.openTable()),
      ),
      section(
        strings.look,
        this.#themeChoice(),
        this.#kiosk,
        this.#item("fullscreen", strings.fullscreen, () => wishes.toggleFullscreen()),
        this.#item("help", strings.help, () => actions.openHelp()),
      ),
      interfaces(),
    );
    this.#panel.addEventListener("beforetoggle", () => this.#begin());
  }

  show({ theme, isKiosk, at }: Facts): void {
    this.#at = at;
    for (const [name, choice] of this.#themes) mark(choice, "aria-pressed", String(name === theme));
    mark(this.#kiosk, "aria-pressed", String(isKiosk));
  }

  #begin(): void {
    this.#field.value = fieldText(this.#at ?? Date.now());
  }

  /** Closes the menu and then does it: what opens or fills the screen must not lie under it. */
  #item(command: CommandName | undefined, words: string, ask: () => void): HTMLButtonElement {
    const item = button(words, () => {
      this.#panel.hidePopover();
      ask();
    });
    return command === undefined ? item : withKey(item, command);
  }

  #goTo(): HTMLElement {
    const form = make(
      "form",
      { className: "go-to" },
      make("label", {}, make("span", {}, strings.goTo), this.#field),
      make("button", { type: "submit", className: "button" }, strings.go),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      const instant = new Date(this.#field.value).getTime();
      if (Number.isNaN(instant)) return;
      this.#panel.hidePopover();
      this.#wishes.goTo(instant);
    };
    return form;
  }

  #themeChoice(): HTMLElement {
    for (const theme of THEMES)
      this.#themes.set(
        theme,
        button(strings.themes[theme], () => this.#wishes.chooseTheme(theme)),
      );
    const group = make("div", { className: "choice", ariaLabel: strings.theme, title: hintOf("theme") });
    mark(group, "role", "group");
    group.append(...this.#themes.values());
    return group;
  }
}

function section(title: string, ...items: readonly HTMLElement[]): HTMLElement {
  return make("section", {}, make("h2", {}, title), ...items);
}

/** The key stands beside the words, for those who want to learn it; those who listen are told by the attribute. */
function withKey(item: HTMLButtonElement, name: CommandName): HTMLButtonElement {
  const [key = ""] = commands[name].keys;
  item.dataset.key = keyName(key);
  mark(item, "aria-keyshortcuts", shortcutsOf(name));
  return item;
}

function interfaces(): HTMLElement {
  const addresses = [
    ["api/v1/topics", strings.topicList],
    ["openapi.yaml", strings.httpInterface],
    ["asyncapi.yaml", strings.streamInterface],
  ] as const;
  const links = addresses.map(([href, text]) => make("a", { href }, text));
  return section(strings.interfaces, make("p", { className: "links" }, ...links));
}
