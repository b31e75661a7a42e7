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
 */

import { WINDOW_DEFAULT_MS, windowOf } from "./duration";
import { factsOf } from "./player/facts";
import { Stage } from "./stage";
import tokensCss from "./style/tokens.css?inline";
import { Face } from "./tick_chart/face";
import faceCss from "./tick_chart/face.css?inline";

/** Ten times a second is as fast as anybody reads a number. */
const TEXT_EVERY_MS = 100;

/** Where this module came from is where its hub is, also behind a proxy that adds a path. */
const HUB = new URL(/* @vite-ignore */ ".", import.meta.url).href;

export class TickChart extends HTMLElement {
  static readonly observedAttributes = ["src", "topic", "window", "theme"];
  static #sheets: CSSStyleSheet[] | undefined;

  readonly #face: Face;
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #dress = () => this.#adoptTheme();
  #stage: Stage | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    TickChart.#sheets ??= [tokensCss, faceCss].map(sheetOf);
    root.adoptedStyleSheets = TickChart.#sheets;
    this.#face = new Face(root, {
      togglePause: () => this.#togglePause(),
      goLive: () => this.#goLive(),
    });
  }

  connectedCallback(): void {
    this.#prefersDark.addEventListener("change", this.#dress);
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#prefersDark.removeEventListener("change", this.#dress);
    this.#stage?.destroy();
    this.#stage = undefined;
  }

  attributeChangedCallback(name: string): void {
    if (this.#stage === undefined) return;
    if (name === "theme") this.#adoptTheme();
    else if (name === "window") this.#stage.player.playback.showWindow(this.#windowMs);
    else this.#begin();
  }

  get #windowMs(): number {
    return windowOf(this.getAttribute("window") ?? "") ?? WINDOW_DEFAULT_MS;
  }

  #begin(): void {
    this.#stage?.destroy();
    const topics = (this.getAttribute("topic") ?? "").split(",").map((topic) => topic.trim());
    this.#stage = new Stage({
      host: this.#face.chartHost,
      url: new URL(this.getAttribute("src") ?? HUB, document.baseURI).href,
      topics: topics.filter((topic) => topic !== ""),
      windowMs: this.#windowMs,
      onFrame: (_scene, at) => {
        if (at - this.#writtenAt >= TEXT_EVERY_MS) this.#write(at);
      },
      onChange: () => this.#write(performance.now()),
    });
    this.#adoptTheme();
    this.#stage.start();
  }

  #write(at: number): void {
    if (this.#stage === undefined) return;
    this.#writtenAt = at;
    const { player, chart } = this.#stage;
    const facts = factsOf(player, at, chart.pointed?.at);
    this.#face.show(facts);
  }

  #togglePause(): void {
    const newest = this.#stage?.newest();
    const playback = this.#stage?.player.playback;
    if (newest === undefined || playback === undefined) return;
    if (playback.state === "paused") playback.resume(newest);
    else playback.pause(newest);
    this.#stage?.refresh();
  }

  #goLive(): void {
    this.#stage?.player.goLive();
    this.#stage?.refresh();
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

customElements.define("tick-chart", TickChart);
