/**
 * The custom element `<tick-chart>`: a live chart for any page. This module registers it; the element finds its hub
 * from the URL the module was loaded from.
 *
 * ```html
 * <script type="module" src="https://hub.example/tick-chart.js"></script>
 * <tick-chart topic="ecg" window="10s"></tick-chart>
 * ```
 *
 * # Isolation
 * Everything lives in a shadow root with adopted style sheets: page and element do not affect each other's styles, and
 * a content security policy without inline styles is sufficient. The embedding page decides the element's size.
 *
 * # Lifecycle
 * While detached from the document the element has no connection to the hub and draws nothing; when attached again it
 * starts over.
 */

import { Api } from "./client/api";
import { LiveChart } from "./live_chart";
import type { Player } from "./player";
import { ShownPoints } from "./player/series_trace";
import type { PlayerScene } from "./player/topic_traces";
import { type PlayerViewState, readingOf, viewState } from "./player/view_state";
import { labelsOf } from "./scene/series_labels";
import { strings } from "./strings";
import { optionStrings } from "./strings/on_demand";
import chartCss from "./style/chart.css?inline";
import legendCss from "./style/legend.css?inline";
import tokensCss from "./style/tokens.css?inline";
import { ElementView } from "./tick_chart/element_view";
import elementViewCss from "./tick_chart/element_view.css?inline";
import { themeProblem, windowProblem } from "./view/option_problems";
import { parseWindow, WINDOW_DEFAULT_MS } from "./viewport";

/** Ten updates a second; only the values of drawn points change with every frame. */
const TEXT_EVERY_MS = 100;

/** The hub is where this module was loaded from, also behind a proxy that adds a path. */
const HUB = new URL(/* @vite-ignore */ ".", import.meta.url).href;

declare global {
  interface HTMLElementTagNameMap {
    "tick-chart": TickChart;
  }
}

export class TickChart extends HTMLElement {
  static readonly observedAttributes = ["src", "topic", "window", "theme"];
  static #sheets: CSSStyleSheet[] | undefined;

  readonly #view: ElementView;
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #onColourScheme = () => this.#adoptTheme();
  /** Undefined while detached, and when `src` is not a valid hub URL. */
  #liveChart: LiveChart | undefined;
  /** Attributes present in the markup are reported before the element is attached. */
  #isConnected = false;
  #writtenAt = Number.NEGATIVE_INFINITY;
  readonly #shownPoints = new ShownPoints();
  /** The names of fields that are not lines, for the traces in `#others`. */
  #notDrawn: readonly string[] = [];
  #others: PlayerScene["others"] = [];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    // Later sheets win: the element overrides a few of the page's rules.
    TickChart.#sheets ??= [tokensCss, chartCss, legendCss, elementViewCss].map(styleSheet);
    root.adoptedStyleSheets = TickChart.#sheets;
    this.#view = new ElementView(root, {
      togglePause: () => this.#togglePause(),
      goLive: () => this.#withChart(({ player }) => player.goLive()),
      retryNow: () => this.#withChart(({ player }) => player.retryNow()),
      toggleSeries: (key) => this.#withChart(({ player }) => player.toggle(key)),
      soloSeries: (key) => this.#withChart(({ player }) => player.solo(key)),
      // There is no overview here.
      pointSeries: () => {},
    });
  }

  connectedCallback(): void {
    this.#prefersDark.addEventListener("change", this.#onColourScheme);
    this.#isConnected = true;
    this.#start();
  }

  disconnectedCallback(): void {
    this.#prefersDark.removeEventListener("change", this.#onColourScheme);
    this.#isConnected = false;
    this.#stop();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#isConnected) return;
    if (name === "theme") this.#adoptTheme();
    else if (name === "src" || this.#liveChart === undefined) this.#start();
    else if (name === "window")
      this.#withChart(({ player }) => player.viewport.setDefaultWindow(this.#windowMs));
    else this.#withChart(({ player }) => player.showTopics(this.#topics));
  }

  get #windowMs(): number {
    return parseWindow(this.getAttribute("window") ?? "") ?? WINDOW_DEFAULT_MS;
  }

  get #hub(): string {
    return new URL(this.getAttribute("src") ?? HUB, document.baseURI).href;
  }

  get #topics(): readonly string[] {
    const names = (this.getAttribute("topic") ?? "").split(",").map((name) => name.trim());
    return names.filter((name) => name !== "");
  }

  #start(): void {
    this.#stop();
    this.#adoptTheme();
    try {
      this.#liveChart = this.#newLiveChart();
    } catch (error) {
      this.#view.showNoHub(this.#windowMs);
      this.#view.showRemark({ problems: this.#attributeProblems, notDrawn: [], page: undefined });
      throw error;
    }
    this.#liveChart.start({
      onFrame: (scene, at) => this.#onFrame(scene, at),
      onChange: () => {
        this.#writtenAt = Number.NEGATIVE_INFINITY;
      },
    });
  }

  /** Throws if `src` is not a valid hub URL. */
  #newLiveChart(): LiveChart {
    return new LiveChart({
      host: this.#view.chartHost,
      api: new Api(this.#hub),
      topics: this.#topics,
      windowMs: this.#windowMs,
    });
  }

  #stop(): void {
    this.#liveChart?.destroy();
    this.#liveChart = undefined;
  }

  #onFrame(scene: PlayerScene | undefined, at: number): void {
    if (this.#liveChart === undefined) return;
    if (scene !== undefined && scene.others !== this.#others) {
      this.#others = scene.others;
      this.#notDrawn = labelsOf(scene.others);
    }
    const { player, chart } = this.#liveChart;
    const haveChanged = this.#shownPoints.haveChanged(player.traces, chart.pointed?.at);
    if (at - this.#writtenAt >= TEXT_EVERY_MS) this.#write(at);
    else if (haveChanged) this.#view.showReading(readingOf(player, at, chart.pointed?.at));
  }

  #write(at: number): void {
    if (this.#liveChart === undefined) return;
    this.#writtenAt = at;
    const { player, chart } = this.#liveChart;
    const state = viewState(player, at, chart.pointed?.at);
    this.#view.show(state);
    const hasMore = this.#notDrawn.length > 0 || state.notice?.kind === "no-number";
    this.#view.showRemark({
      problems: [...this.#attributeProblems, ...refusedTopics(player)],
      notDrawn: this.#notDrawn,
      page: hasMore ? this.#page(state) : undefined,
    });
  }

  #page({ topics }: PlayerViewState): string {
    const page = new URL(this.#hub.replace(/^ws/, "http").replace(/\/?$/, "/"));
    page.search = `?${new URLSearchParams({ topic: topics.join(",") })}`;
    return page.href;
  }

  /** Of attributes that are there and not empty. */
  get #attributeProblems(): readonly string[] {
    const check = (name: string, problemOf: (text: string, place: string) => string | undefined) => {
      const text = this.getAttribute(name) ?? "";
      return (text === "" ? undefined : problemOf(text, optionStrings.inAttribute(name))) ?? [];
    };
    return [check("window", windowProblem), check("theme", themeProblem)].flat();
  }

  #togglePause(): void {
    this.#withChart((liveChart) => {
      const { viewport } = liveChart.player;
      const newest = liveChart.newest();
      if (newest === undefined) return;
      if (viewport.state === "paused") viewport.resume(newest);
      else viewport.pause(newest);
    });
  }

  #withChart(act: (liveChart: LiveChart) => void): void {
    if (this.#liveChart === undefined) return;
    act(this.#liveChart);
    this.#liveChart.refresh();
  }

  #adoptTheme(): void {
    const theme = this.getAttribute("theme");
    const isDark = theme === "dark" || (theme !== "light" && this.#prefersDark.matches);
    this.toggleAttribute("data-dark", isDark);
    this.#liveChart?.fit();
  }
}

/** The topics that the hub refuses while it serves others; if it refuses all, the notice says so. */
function refusedTopics({ subscriptions, link }: Player): readonly string[] {
  if (link.kind === "stopped") return [];
  return subscriptions.flatMap(({ link: own, name = "" }) =>
    own.kind === "stopped" ? strings.refused(own.refusal, name) : [],
  );
}

function styleSheet(css: string): CSSStyleSheet {
  const styleSheet = new CSSStyleSheet();
  styleSheet.replaceSync(css);
  return styleSheet;
}

// A page may load the module from several hubs; the first registration serves all of them.
if (customElements.get("tick-chart") === undefined) customElements.define("tick-chart", TickChart);
