/**
 * The elements around the line: who, what, how much, and how the view is doing. It is told facts, finds the words for
 * them and raises wishes; it asks for no data and keeps no time. The parts of the page are in `view/`, a file each.
 */

import { type Desk, hintOf, shortcutsOf } from "./commands";
import type { Facts, Wishes } from "./page";
import { strings } from "./strings";
import { BadgeButton } from "./view/badge";
import { copied } from "./view/copying";
import { Foot } from "./view/foot";
import { Help } from "./view/help";
import { listen } from "./view/keys";
import { Menu } from "./view/menu";
import { NoticePanel } from "./view/notice";
import { mark, Parts } from "./view/parts";
import { Readout } from "./view/readout";
import { watchStillness } from "./view/stillness";
import { Summary } from "./view/summary";
import { Switch } from "./view/switch";
import { RecordTable, TABLE_ROWS } from "./view/table";
import { Toast } from "./view/toast";
import { Topics } from "./view/topics";
import { Windows } from "./view/windows";

export class View {
  readonly #root: Document;
  readonly #parts: Parts;
  readonly #wishes: Wishes;
  readonly #badge: BadgeButton;
  readonly #topics: Topics;
  readonly #readout: Readout;
  readonly #foot: Foot;
  readonly #windows: Windows;
  readonly #menu: Menu;
  readonly #notice: NoticePanel;
  readonly #help: Help;
  readonly #table: RecordTable;
  readonly #summary: Summary;
  readonly #toast: Toast;
  #facts: Facts | undefined;

  constructor(root: Document, wishes: Wishes) {
    const parts = new Parts(root);
    const switches = { keys: new Switch("keys"), summary: new Switch("summary") };
    this.#root = root;
    this.#parts = parts;
    this.#wishes = wishes;
    this.#toast = new Toast(parts.at("said"));
    this.#badge = new BadgeButton(parts, wishes);
    this.#topics = new Topics(parts, wishes);
    this.#readout = new Readout(parts, wishes);
    this.#foot = new Foot(parts);
    this.#windows = new Windows(parts.at("windows"), wishes);
    this.#menu = new Menu(parts, wishes, {
      announce: (text) => this.announce(text),
      openHelp: () => this.#help.open(),
      openTable: () => this.#openTable(),
    });
    this.#notice = new NoticePanel(parts, wishes, (text) => this.announce(text));
    this.#help = new Help(parts.at("help") as HTMLDialogElement, switches);
    this.#table = new RecordTable(parts.at("table") as HTMLDialogElement);
    this.#summary = new Summary(parts.at("summary"), switches.summary);
    parts.write("product", strings.product);
    const pause = parts.at("pause");
    pause.onclick = () => pause.ariaDisabled !== "true" && wishes.togglePause();
    mark(parts.at("pause"), "aria-keyshortcuts", shortcutsOf("pause"));
    listen(root, () => this.#desk(), switches.keys);
    watchStillness(root);
  }

  /** Where the picture goes. */
  get chartHost(): HTMLElement {
    return this.#parts.at("chart");
  }

  /** Where the strip goes that shows all that is kept. */
  get stripHost(): HTMLElement {
    return this.#parts.at("strip");
  }

  show(facts: Facts): void {
    this.#facts = facts;
    this.#root.documentElement.toggleAttribute("data-kiosk", facts.isKiosk);
    this.#showPause(facts);
    this.#badge.show(facts.badge);
    this.#topics.show(facts);
    this.#readout.show(facts);
    this.#foot.show(facts);
    this.#windows.show(facts.windowMs);
    this.#menu.show(facts);
    this.#notice.show(facts);
    this.#summary.show(facts, performance.now());
  }

  /** Says what has just been done, to be seen for a moment and to be read aloud. */
  announce(text: string): void {
    this.#toast.say(text);
  }

  #showPause({ isPaused, canPause }: Facts): void {
    const element = this.#parts.at("pause");
    const words = isPaused ? strings.resume : strings.pause;
    element.toggleAttribute("data-paused", isPaused);
    // Disabled for real it would lose the focus of whoever has just pressed it.
    mark(element, "aria-disabled", String(!canPause));
    mark(element, "title", hintOf("pause", words));
    this.#parts.write("pause-text", words);
  }

  #openTable(): void {
    this.#table.open(this.#facts?.legend ?? [], this.#wishes.tableRows(TABLE_ROWS));
  }

  #desk(): Desk | undefined {
    if (this.#facts === undefined) return undefined;
    const announce = (text: string) => this.announce(text);
    return {
      wishes: this.#wishes,
      facts: this.#facts,
      copyLink: () => void copied(() => this.#wishes.copyLink(), announce),
      openHelp: () => this.#help.open(),
      announce,
    };
  }
}
