/**
 * The footer: the current record, the clock's accuracy and the number of viewers, with a panel of details; and the choice
 * of a time window.
 */

import { LOCALE } from "../locale";
import type { Actions, Audience, Badge, ViewState } from "../page";
import { strings } from "../strings";
import { isBehind } from "./badge";
import { button, isOpen, make, type Parts, setAttribute, write } from "./parts";
import { delayText, errorText, windowText } from "./time_format";

const whole = new Intl.NumberFormat(LOCALE);

const PRESETS_MS: readonly number[] = [10_000, 30_000, 60_000, 300_000, 900_000];

/**
 * The states in which the hub reports the number of viewers: it does so with records, so while none arrive the last
 * number may be wrong.
 */
const COUNTED: ReadonlySet<Badge["kind"]> = new Set(["live", "behind", "paused", "draining"]);

type SyncRow = "error" | "audience" | "offset" | "delay" | "ahead" | "seq";
/** What the panel shows. */
type PanelState = Pick<ViewState, "sync" | "seq" | "badge" | "audience">;

const ROWS: readonly (readonly [SyncRow, string])[] = [
  ["error", strings.syncError],
  ["audience", strings.syncAudience],
  ["offset", strings.syncOffset],
  ["delay", strings.syncDelay],
  ["ahead", strings.syncAhead],
  ["seq", strings.syncSeq],
];

export class Footer {
  readonly #parts: Parts;
  readonly #actions: Pick<Actions, "findAudience">;
  readonly #intro = make("p", {});
  readonly #cells = new Map<SyncRow, HTMLElement>();
  #shown: PanelState | undefined;

  constructor(parts: Parts, actions: Pick<Actions, "findAudience">) {
    this.#parts = parts;
    this.#actions = actions;
    parts.write("seq-name", strings.seq);
    parts.write("missed-name", strings.missed);
    parts.at("sync-open").title = strings.clockHint;
    parts.at("missed-line").title = strings.missedHint;
    this.#makePanel(parts.at("sync"));
  }

  show(state: ViewState): void {
    const { seq, sync, missed, badge, audience } = state;
    this.showSeq(seq);
    // A hub that refuses the topic sends no record, and is not asked for its time.
    const isRefused = badge.kind === "stopped";
    this.#parts.at("seq-line").hidden = isRefused && seq === undefined;
    this.#parts.at("sync-line").hidden = isRefused && sync.errorMs === undefined;
    const unknown = sync.isLost ? strings.clockLost : strings.clockUnknown;
    this.#parts.write("clock-name", sync.errorMs === undefined ? unknown : strings.clock);
    this.#parts.write("clock", sync.errorMs === undefined ? "" : errorText(sync.errorMs));
    this.#showViewers(state);
    this.#parts.write("missed", whole.format(missed));
    this.#parts.at("missed-line").hidden = missed === 0;
    this.#shown = { sync, seq, badge, audience };
    if (!isOpen(this.#parts.at("sync"))) return;
    this.#actions.findAudience();
    this.#showPanel(this.#shown);
  }

  /** Updates the record alone, in the frame that draws its point. */
  showSeq(seq: number | undefined): void {
    this.#parts.write("seq", seqText(seq));
  }

  #showViewers({ badge, viewers = 0, sync, topics }: ViewState): void {
    const isCounted = viewers > 0 && COUNTED.has(badge.kind);
    // A view that was paused or moved shows what no other screen shows.
    const isShared = isCounted && viewers > 1 && badge.kind === "live" && sync.errorMs !== undefined;
    const [topic = strings.defaultTopic] = topics;
    const hint = isShared ? strings.viewersShareHint(topic) : strings.viewersHint(topic);
    this.#parts.write("viewers", isCounted ? strings.viewers(viewers, whole.format(viewers)) : "");
    this.#parts.write("viewers-share", isShared ? strings.viewersShare : "");
    setAttribute(this.#parts.at("viewers-line"), "title", isCounted ? hint : undefined);
  }

  #makePanel(panel: HTMLElement): void {
    const list = make("dl", {});
    for (const [row, name] of ROWS) {
      const cell = make("dd", {});
      this.#cells.set(row, cell);
      list.append(make("dt", {}, name), cell);
    }
    panel.append(make("h2", {}, strings.sync), this.#intro, list);
    // Filled before it opens, so that it never appears empty.
    panel.addEventListener("beforetoggle", () => this.#shown && this.#showPanel(this.#shown));
  }

  #showPanel({ sync, seq, badge, audience }: PanelState): void {
    const error = sync.errorMs === undefined ? undefined : errorText(sync.errorMs);
    const unknown = sync.isLost ? strings.syncIntroLost : strings.syncIntroUnknown;
    const known = isBehind(badge) ? strings.syncIntroOwn : strings.syncIntro;
    write(this.#intro, error === undefined ? unknown : known(error));
    const words: Readonly<Record<SyncRow, string | undefined>> = {
      error,
      audience: audience && audienceText(audience),
      offset: offsetText(sync.offsetMs),
      delay: sync.delayMs === undefined ? undefined : delayText(sync.delayMs),
      ahead: aheadText(sync.aheadMs),
      seq: seqText(seq),
    };
    for (const [row, cell] of this.#cells) write(cell, words[row] ?? strings.noValue);
    const isLate = (sync.aheadMs ?? 0) < 0;
    setAttribute(this.#cells.get("ahead") as HTMLElement, "data-kind", isLate ? "late" : undefined);
  }
}

/** The time window: a few presets, and the current value if it is none of them. */
export class WindowPresets {
  readonly #presets: readonly (readonly [ms: number, button: HTMLElement])[];
  readonly #other = make("span", { className: "other" });
  #shownMs = 0;

  constructor(host: HTMLElement, actions: Actions) {
    host.ariaLabel = strings.windows;
    setAttribute(host, "role", "group");
    this.#presets = PRESETS_MS.map((ms) => {
      // With a plain space, as in the name: speech input goes by what is visible.
      const short = windowText(ms).replaceAll("\u00a0", " ");
      const preset = button(short, () => actions.showWindow(ms));
      preset.title = strings.windowHint(windowText(ms, "long"));
      // `5 min` alone would be read letter by letter.
      preset.ariaLabel = `${short}, ${windowText(ms, "long")}`;
      return [ms, preset];
    });
    // At the free end, so that the presets stay under the pointer when it appears.
    host.append(this.#other, ...this.#presets.map(([, preset]) => preset));
  }

  show(windowMs: number): void {
    if (windowMs === this.#shownMs) return;
    this.#shownMs = windowMs;
    for (const [ms, preset] of this.#presets) setAttribute(preset, "aria-pressed", String(ms === windowMs));
    const isOther = !PRESETS_MS.includes(windowMs);
    this.#other.hidden = !isOther;
    write(this.#other, isOther ? windowText(windowMs) : "");
    setAttribute(this.#other, "title", isOther ? windowText(windowMs, "long") : undefined);
  }
}

/** A slow clock is behind the hub's time. */
export function offsetText(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return ms >= 0 ? strings.slow(delayText(ms)) : strings.fast(delayText(-ms));
}

/** Says of how many viewers it holds, because not every viewer reports. */
export function audienceText({ viewers, reporting, boundMs }: Audience): string {
  const bound = errorText(boundMs);
  if (reporting < viewers)
    return strings.audienceOfSome(whole.format(viewers), whole.format(reporting), bound);
  return strings.audience(viewers, whole.format(viewers), bound);
}

export function aheadText(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return ms < 0 ? strings.late(delayText(-ms)) : strings.early(delayText(ms));
}

function seqText(seq: number | undefined): string {
  return seq === undefined ? strings.noValue : whole.format(seq);
}
