/** The menu with the less frequent actions. Loaded when it is opened first. */

import { type CommandName, commands, hintOf, keyName, shortcutsOf, THEMES } from "../commands";
import { zoneName } from "../local_time";
import type { Actions, Theme, ViewState } from "../page";
import { strings } from "../strings";
import { menuStrings } from "../strings/on_demand";
import { copyButton } from "./feedback";
import { button, make, type Parts, setAttribute } from "./parts";
import { fieldText, readField, type TimeFieldValue } from "./time_field";

export class Menu {
  readonly #panel: HTMLElement;
  readonly #actions: Actions;
  readonly #field = make("input", { type: "text", autocomplete: "off", spellcheck: false });
  readonly #fieldName = make("span", {});
  readonly #themes = new Map<Theme, HTMLElement>();
  readonly #kiosk: HTMLElement;
  /** The instant shown, to initialise the date field. */
  #at: number | undefined;

  constructor(parts: Parts, actions: Actions, announce: (text: string) => void) {
    this.#actions = actions;
    this.#panel = parts.at("menu");
    this.#kiosk = this.#item("kiosk", menuStrings.kiosk, () => actions.toggleKiosk());
    const copyItem = (label: string, action: () => Promise<boolean>) => copyButton(label, action, announce);
    const link = copyItem(menuStrings.copyLink, () => actions.copyLink());
    this.#panel.append(
      this.#goTo(),
      section(
        menuStrings.share,
        withKey(link, "copyLink"),
        copyItem(strings.copyCurl, () => actions.copyLine("curl")),
        copyItem(menuStrings.copyJs, () => actions.copyLine("js")),
      ),
      section(
        menuStrings.save,
        this.#item("savePng", menuStrings.savePng, () => actions.savePng()),
        this.#item(undefined, menuStrings.saveCsv, () => actions.saveCsv()),
        this.#item(undefined, menuStrings.showTable, () => actions.openTable()),
        this.#item("json", menuStrings.showJson, () => actions.toggleJson()),
        this.#item(undefined, menuStrings.showStatistics, () => actions.openStatistics()),
      ),
      section(
        menuStrings.appearance,
        this.#themeChoice(),
        this.#item(undefined, menuStrings.showAxes, () => actions.openAxes()),
        this.#kiosk,
        this.#item("fullscreen", menuStrings.fullscreen, () => actions.toggleFullscreen()),
        this.#item("help", strings.help, () => actions.openHelp()),
      ),
      interfaces(),
    );
    this.#panel.addEventListener("beforetoggle", () => this.#initField());
    // It is open already.
    this.#initField();
  }

  show({ theme, isKiosk, at }: ViewState): void {
    this.#at = at;
    for (const [name, choice] of this.#themes) setAttribute(choice, "aria-pressed", String(name === theme));
    setAttribute(this.#kiosk, "aria-pressed", String(isKiosk));
  }

  #initField(): void {
    const at = this.#shown;
    this.#field.value = fieldText(at);
    this.#field.setCustomValidity("");
    this.#fieldName.textContent = menuStrings.goTo(zoneName(at));
  }

  /** A menu item: closes the menu first, because the menu would cover what the action opens. */
  #item(command: CommandName | undefined, label: string, action: () => void): HTMLButtonElement {
    const item = button(label, () => {
      this.#panel.hidePopover();
      action();
    });
    return command === undefined ? item : withKey(item, command);
  }

  #goTo(): HTMLElement {
    const form = make(
      "form",
      { className: "go-to" },
      make("label", {}, this.#fieldName, this.#field),
      make("button", { type: "submit", className: "button" }, menuStrings.go),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#go(readField(this.#field.value, this.#shown));
    };
    this.#field.oninput = () => this.#field.setCustomValidity("");
    // An invalid field is reported by `#go`, in the words of the page.
    form.noValidate = true;
    return form;
  }

  #go(value: TimeFieldValue): void {
    this.#field.setCustomValidity(typeof value === "object" ? "" : menuStrings.timeProblems[value]);
    if (!this.#field.reportValidity() || typeof value !== "object") return;
    this.#panel.hidePopover();
    this.#actions.goTo(value.at);
  }

  /** The instant that the page shows. */
  get #shown(): number {
    return this.#at ?? Date.now();
  }

  #themeChoice(): HTMLElement {
    for (const theme of THEMES)
      this.#themes.set(
        theme,
        button(strings.themes[theme], () => this.#actions.chooseTheme(theme)),
      );
    const group = make("div", {
      className: "choice",
      ariaLabel: menuStrings.theme,
      title: hintOf("theme", menuStrings.nextTheme),
    });
    setAttribute(group, "role", "group");
    group.append(...this.#themes.values());
    return group;
  }
}

function section(title: string, ...items: readonly HTMLElement[]): HTMLElement {
  return make("section", {}, make("h2", {}, title), ...items);
}

/** Shows the key next to the label; screen readers get it from the attribute. */
function withKey(item: HTMLButtonElement, name: CommandName): HTMLButtonElement {
  const [key = ""] = commands[name].keys;
  item.dataset.key = keyName(key);
  setAttribute(item, "aria-keyshortcuts", shortcutsOf(name));
  return item;
}

function interfaces(): HTMLElement {
  const addresses = [
    ["api/v1/topics", menuStrings.topicList],
    ["openapi.yaml", menuStrings.httpInterface],
    ["asyncapi.yaml", menuStrings.streamInterface],
  ] as const;
  const links = addresses.map(([href, text]) => make("a", { href }, text));
  return section(menuStrings.interfaces, make("p", { className: "links" }, ...links));
}
