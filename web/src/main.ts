/**
 * Entry point of the page: creates the live chart, the view around it and the time navigator below it, and wires them
 * to each other. All decisions are made in those modules.
 */

import "./style.css";
import { exposeInstruments, updateInstruments } from "./instruments";
import { LiveChart } from "./live_chart";
import { hubAddress } from "./main/address_bar";
import { Kiosk } from "./main/kiosk";
import { NavigatorFeed } from "./main/navigator_feed";
import { readOptions } from "./main/options";
import { PageActions } from "./main/page_actions";
import { persist } from "./main/persist";
import { RejectNotices } from "./main/reject_notices";
import { ThemeChoice } from "./main/theme";
import { fetchTopicNames } from "./main/topic_names";
import { viewState } from "./player/view_state";
import type { Scene } from "./scene";
import { View } from "./view";

/** Ten updates a second: numbers cannot be read faster than that. */
const TEXT_EVERY_MS = 100;
/** Delay before retrying to resolve a moment that the hub could not locate. */
const MOMENT_RETRY_MS = 2_000;

const hub = hubAddress(location.href);
const options = readOptions(location.search);
let topics: readonly string[] | undefined;
let moment = options.at;
let writtenAt = Number.NEGATIVE_INFINITY;
let wasAway = false;
document.documentElement.toggleAttribute("data-embed", options.isEmbed);

const instruments = exposeInstruments();
const actions = new PageActions({
  liveChart: () => liveChart,
  theme: () => theme,
  kiosk: () => kiosk,
  announce: (text) => view.announce(text),
  findTopics: () => void findTopics(),
});
const view = new View(document, actions);
const liveChart = new LiveChart({
  ...options,
  host: view.chartHost,
  url: hub,
  store: () => sessionStorage,
  onFrame,
  onChange: () => {
    writtenAt = Number.NEGATIVE_INFINITY;
  },
  onZoom: () => actions.viewChanged(),
});
const navigatorFeed = new NavigatorFeed(view.navigatorHost, liveChart);
const theme = new ThemeChoice(options.theme, () => {
  liveChart.fit();
  navigatorFeed.fit();
});
const kiosk = new Kiosk(options.isKiosk);
const rejectNotices = new RejectNotices();

function onFrame(scene: Scene | undefined, at: number): void {
  if (scene !== undefined) {
    navigatorFeed.draw(scene);
    updateInstruments(instruments, liveChart.player, scene, at);
    void goToMoment();
  }
  if (at - writtenAt >= TEXT_EVERY_MS) write(at);
}

function write(at: number): void {
  writtenAt = at;
  const state = viewState(liveChart.player, at, liveChart.chart.pointed?.at);
  view.show({
    ...state,
    legend: state.legend.map((entry) => ({ ...entry, ...liveChart.chart.extremesOf(entry.series.key) })),
    available: topics,
    theme: theme.chosen,
    isKiosk: kiosk.isOn,
  });
  const rejection = rejectNotices.next(liveChart.player);
  if (rejection !== undefined) view.announce(rejection);
  const { kind } = liveChart.player.link;
  // A hub that was unreachable may have come back with other topics.
  if (kind === "live" && wasAway) void findTopics();
  wasAway = kind === "waiting" || (wasAway && kind !== "live");
}

/** Jumps to the moment in the URL, once, as soon as the hub can resolve it. */
async function goToMoment(): Promise<void> {
  if (moment === undefined) return;
  const wanted = moment;
  moment = undefined;
  if (await liveChart.player.goToMoment(wanted.epoch, wanted.seq)) return;
  setTimeout(() => {
    moment = wanted;
  }, MOMENT_RETRY_MS);
}

async function findTopics(): Promise<void> {
  topics = (await fetchTopicNames(hub)) ?? topics;
}

persist(() => liveChart.player.saveSnapshots());
void findTopics();
liveChart.start();
