/**
 * Puts the page together: the stage shows the line, the view says the words around it, the strip shows where in the
 * epoch one looks. All decisions are made below; here is only who talks to whom.
 */

import "./style.css";
import { expose, note } from "./instruments";
import { hubAddress } from "./main/address";
import { available } from "./main/available";
import { keep } from "./main/keeping";
import { Kiosk } from "./main/kiosk";
import { readOptions } from "./main/options";
import { Overview } from "./main/overview";
import { Refusals } from "./main/refusals";
import { ThemeChoice } from "./main/theme";
import { Granted } from "./main/wishes";
import { factsOf } from "./player/facts";
import type { Scene } from "./scene";
import { Stage } from "./stage";
import { View } from "./view";

/** Ten times a second is as fast as anybody reads a number. */
const TEXT_EVERY_MS = 100;
/** A hub that could not say where a moment lies is asked again after this. */
const MOMENT_AGAIN_MS = 2_000;

const hub = hubAddress(location.href);
const options = readOptions(location.search);
let topics: readonly string[] | undefined;
let moment = options.at;
let writtenAt = Number.NEGATIVE_INFINITY;
let wasAway = false;
document.documentElement.toggleAttribute("data-embed", options.isEmbed);

const instruments = expose();
const granted = new Granted({
  stage: () => stage,
  theme: () => theme,
  kiosk: () => kiosk,
  announce: (text) => view.announce(text),
  findTopics: () => void findTopics(),
});
const view = new View(document, granted);
const stage = new Stage({
  ...options,
  host: view.chartHost,
  url: hub,
  store: () => sessionStorage,
  onFrame,
  onChange: () => {
    writtenAt = Number.NEGATIVE_INFINITY;
  },
  onZoom: () => granted.moved(),
});
const overview = new Overview(view.stripHost, stage);
const theme = new ThemeChoice(options.theme, () => {
  stage.fit();
  overview.fit();
});
const kiosk = new Kiosk(options.isKiosk);
const refusals = new Refusals();

function onFrame(scene: Scene | undefined, at: number): void {
  if (scene !== undefined) {
    overview.draw(scene);
    note(instruments, stage.player, scene, at);
    void goToMoment();
  }
  if (at - writtenAt >= TEXT_EVERY_MS) write(at);
}

function write(at: number): void {
  writtenAt = at;
  const facts = factsOf(stage.player, at, stage.chart.pointed?.at);
  view.show({
    ...facts,
    legend: facts.legend.map((entry) => ({ ...entry, ...stage.chart.extremesOf(entry.series.key) })),
    available: topics,
    theme: theme.chosen,
    isKiosk: kiosk.isOn,
  });
  const refused = refusals.next(stage.player);
  if (refused !== undefined) view.announce(refused);
  const { kind } = stage.player.link;
  // A hub that has been away may have come back with other topics.
  if (kind === "live" && wasAway) void findTopics();
  wasAway = kind === "waiting" || (wasAway && kind !== "live");
}

/** Once, as soon as the hub can tell where its moments lie. */
async function goToMoment(): Promise<void> {
  if (moment === undefined) return;
  const wanted = moment;
  moment = undefined;
  if (await stage.player.goToMoment(wanted.epoch, wanted.seq)) return;
  setTimeout(() => {
    moment = wanted;
  }, MOMENT_AGAIN_MS);
}

async function findTopics(): Promise<void> {
  topics = (await available(hub)) ?? topics;
}

keep(() => stage.player.remember());
void findTopics();
stage.start();
