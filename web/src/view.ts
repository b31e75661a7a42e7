/**
 * The elements around the chart: topic, badge, values, footer, menu and dialogs. It renders the view state in words and
 * raises actions; it fetches nothing and keeps no time. Each part of the page has a file in `view/`.
 */

import { type CommandContext, hintOf, shortcutsOf } from "./commands";
import type { Actions, Reading, ViewState } from "./page";
import { strings } from "./strings";
import { BadgeButton } from "./view/badge";
import { OnDemand } from "./view/deferred";
import { copyAndAnnounce, type Toast } from "./view/feedback";
import { Footer, WindowPresets } from "./view/footer";
import { listenForKeys } from "./view/keyboard";
import type { Menu } from "./view/menu";
import { NoticePanel } from "./view/notice";
import { type Parts, setAttribute } from "./view/parts";
import type { Preferences } from "./view/preference";
import { Readout } from "./view/readout";
import { ReplayStatus } from "./view/replay";
import { Summary } from "./view/summary";
import { type Cursor, Tooltip } from "./view/tooltip";
import { TopicPicker } from "./view/topic_picker";

export interface ViewOptions {
  readonly root: Document;
  readonly parts: Parts;
  readonly actions: Actions;
  readonly preferences: Preferences;
  readonly toast: Toast;
}

export class View {
  readonly #root: Document;
  readonly #parts: Parts;
  readonly #actions: Actions;
  readonly #badge: BadgeButton;
  readonly #topicPicker: TopicPicker;
  readonly #readout: Readout;
  readonly #footer: Footer;
  readonly #replay: ReplayStatus;
  readonly #windowPresets: WindowPresets;
  readonly #menu: OnDemand<Menu>;
  readonly #notice: NoticePanel;
  readonly #tooltip: Tooltip;
  readonly #summary: Summary;
  readonly #toast: Toast;
  #state: ViewState | undefined;

  constructor({ root, parts, actions, preferences, toast }: ViewOptions) {
    const announce = (text: string) => toast.show(text);
    this.#root = root;
    this.#parts = parts;
    this.#actions = actions;
    this.#toast = toast;
    this.#badge = new BadgeButton(parts, actions);
    this.#topicPicker = new TopicPicker(parts, actions);
    this.#readout = new Readout(parts, actions);
    this.#footer = new Footer(parts, actions);
    this.#replay = new ReplayStatus(parts, actions);
    this.#windowPresets = new WindowPresets(parts.at("windows"), actions);
    this.#menu = new OnDemand(async () => {
      const { Menu } = await import("./view/menu");
      return new Menu(parts, actions, announce);
    });
    this.#notice = new NoticePanel(parts, actions, announce);
    this.#tooltip = new Tooltip(parts.at("chart"));
    this.#summary = new Summary(parts.at("summary"), preferences.summary);
    parts.write("product", strings.product);
    const pause = parts.at("pause");
    pause.onclick = () => pause.ariaDisabled !== "true" && actions.togglePause();
    setAttribute(parts.at("pause"), "aria-keyshortcuts", shortcutsOf("pause"));
    this.#listenForMenu();
    listenForKeys(root, () => this.#commandContext(), preferences.keys);
  }

  show(state: ViewState, cursor?: Cursor): void {
    this.#state = state;
    this.#tooltip.show(state, cursor);
    this.#root.documentElement.toggleAttribute("data-kiosk", state.isKiosk);
    this.#showPause(state);
    this.#badge.show(state);
    this.#topicPicker.show(state);
    this.#readout.show(state);
    this.#footer.show(state);
    this.#replay.show(state);
    this.#windowPresets.show(state.windowMs);
    this.#menu.loaded?.show(state);
    this.#notice.show(state);
    this.#summary.show(state, performance.now());
  }

  /** Shows the values of the drawn points; everything else stays until the next `show`. */
  showReading(reading: Reading, cursor?: Cursor): void {
    if (this.#state === undefined) return;
    this.#tooltip.show(reading, cursor);
    this.#state = { ...this.#state, ...reading };
    this.#readout.showReading(reading);
    this.#footer.showSeq(reading.seq);
    this.#replay.showPositions(reading);
  }

  #listenForMenu(): void {
    const [panel, opener] = [this.#parts.at("menu"), this.#parts.at("menu-open")];
    for (const element of [panel, opener]) element.ariaLabel = strings.more;
    opener.title = strings.more;
    setAttribute(panel, "role", "group");
    // Filled in the same moment if it has been opened before.
    panel.addEventListener("beforetoggle", ({ newState }) => {
      if (newState !== "open") return;
      this.#menu.load().then(
        (menu) => this.#state && menu.show(this.#state),
        () => {
          panel.hidePopover();
          this.#toast.show(strings.partMissing);
        },
      );
    });
  }

  #showPause({ isPaused, canPause }: ViewState): void {
    const element = this.#parts.at("pause");
    const label = isPaused ? strings.resume : strings.pause;
    element.toggleAttribute("data-paused", isPaused);
    // Not really disabled: that would take the focus away from the user who has just pressed it.
    setAttribute(element, "aria-disabled", String(!canPause));
    setAttribute(element, "title", hintOf("pause", label));
    this.#parts.write("pause-text", label);
  }

  #commandContext(): CommandContext | undefined {
    if (this.#state === undefined) return undefined;
    const announce = (text: string) => this.#toast.show(text);
    return {
      actions: this.#actions,
      state: this.#state,
      copyLink: () => void copyAndAnnounce(() => this.#actions.copyLink(), announce),
      announce,
    };
  }
}
