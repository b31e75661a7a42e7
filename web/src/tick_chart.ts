/**
 * `<tick-chart>`: the live line as one element for any page. The module registers it; the element finds its hub from
 * where the module came from.
 *
 * ```html
 * <script type="module" src="https://hub.example/tick-chart.js"></script>
 * <tick-chart topic="ecg" window="10s"></tick-chart>
 * ```
 *
 * # Border
 * All of it lives in a shadow root with adopted style sheets, so that neither page nor element changes the looks of
 * the other, and a content security policy without inline styles suffices. The page around it decides about size.
 *
 * # Only while it is there
 * Out of the document it has no line to the hub and draws nothing; put back, it begins anew.
 */

import { WINDOW_DEFAULT_MS, windowOf } from "./duration";
import { factsOf } from "./player/facts";
import { Stage } from "./stage";
import chartCss from "./style/chart.css?inline";
import legendCss from "./style/legend.css?inline";
import tokensCss from "./style/tokens.css?inline";
import { Face } from "./tick_chart/face";
import faceCss from "./tick_chart/face.css?inline";

/** Ten times a second is as fast as anybody reads a number. */
const TEXT_EVERY_MS = 100;

/** Where this module came from is where its hub is, also behind a proxy that adds a path. */
const HUB = new URL(/* @vite-ignore */ ".", import.meta.url).href;

declare global {
  interface HTMLElementTagNameMap {
    "tick-chart": TickChart;
  }
}

export class TickChart extends HTMLElement {
  static readonly observedAttributes = ["src", "topic", "window", "theme"];
  static #sheets: CSSStyleSheet[] | undefined;

  readonly #face: Face;
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #dress = () => this.#adoptTheme();
  /** Undefined out of the document, and where `src` is no hub's address. */
  #stage: Stage | undefined;
  /** Attributes that are there from the beginning are told before the element is put in place. */
  #isInPlace = false;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    // The last wins: the element has its own way with a few things of the page's.
    TickChart.#sheets ??= [tokensCss, chartCss, legendCss, faceCss].map(sheetOf);
    root.adoptedStyleSheets = TickChart.#sheets;
    this.#face = new Face(root, {
      togglePause: () => this.#togglePause(),
      goLive: () => this.#act(({ player }) => player.goLive()),
      toggleSeries: (key) => this.#act(({ player }) => player.toggle(key)),
      soloSeries: (key) => this.#act(({ player }) => player.solo(key)),
    });
  }

  connectedCallback(): void {
    this.#prefersDark.addEventListener("change", this.#dress);
    this.#isInPlace = true;
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#prefersDark.removeEventListener("change", this.#dress);
    this.#isInPlace = false;
    this.#end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#isInPlace) return;
    if (name === "theme") this.#adoptTheme();
    else if (name === "src" || this.#stage === undefined) this.#begin();
    else if (name === "window") this.#act(({ player }) => player.playback.settle(this.#windowMs));
    else this.#act(({ player }) => player.showTopics(this.#topics));
  }

  get #windowMs(): number {
    return windowOf(this.getAttribute("window") ?? "") ?? WINDOW_DEFAULT_MS;
  }

  get #hub(): string {
    const { href } = new URL(this.getAttribute("src") ?? HUB, document.baseURI);
    return href.replace(/\/$/, "");
  }

  get #topics(): readonly string[] {
    const names = (this.getAttribute("topic") ?? "").split(",").map((name) => name.trim());
    return names.filter((name) => name !== "");
  }

  #begin(): void {
    this.#end();
    this.#adoptTheme();
    try {
      this.#stage = this.#newStage();
    } catch (error) {
      this.#face.showNoHub(this.#windowMs);
      throw error;
    }
    this.#stage.start();
  }

  #newStage(): Stage {
    return new Stage({
      host: this.#face.chartHost,
      url: this.#hub,
      topics: this.#topics,
      windowMs: this.#windowMs,
      onFrame: (_scene, at) => {
        if (at - this.#writtenAt >= TEXT_EVERY_MS) this.#write(at);
      },
      onChange: () => {
        this.#writtenAt = Number.NEGATIVE_INFINITY;
      },
    });
  }

  #end(): void {
    this.#stage?.destroy();
    this.#stage = undefined;
  }

  #write(at: number): void {
    if (this.#stage === undefined) return;
    this.#writtenAt = at;
    const { player, chart } = this.#stage;
    this.#face.show(factsOf(player, at, chart.pointed?.at));
  }

  #togglePause(): void {
    this.#act((stage) => {
      const { playback } = stage.player;
      const newest = stage.newest();
      if (newest === undefined) return;
      if (playback.state === "paused") playback.resume(newest);
      else playback.pause(newest);
    });
  }

  #act(act: (stage: Stage) => void): void {
    if (this.#stage === undefined) return;
    act(this.#stage);
    this.#stage.refresh();
  }

  #adoptTheme(): void {
    const asked = this.getAttribute("theme");
    const isDark = asked === "dark" || (asked !== "light" && this.#prefersDark.matches);
    this.toggleAttribute("data-dark", isDark);
    this.#stage?.fit();
  }
}

function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

// A page may show lines of several hubs, each of which offers the element; the first one serves them all.
if (customElements.get("tick-chart") === undefined) customElements.define("tick-chart", TickChart);
