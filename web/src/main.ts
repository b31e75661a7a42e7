/**
 * Entry point of the page: creates the live chart, what is around it, and the actions on them, each after what it acts
 * on, and wires them to each other. All decisions are made in those modules.
 */

import "./style.css";
import { Api } from "./client/api";
import { exposeInstruments, updateInstruments } from "./instruments";
import { LiveChart } from "./live_chart";
import { hasDoubts, hubAddress, readOptions } from "./main/address";
import { hideIdleCursor, Kiosk, ThemeChoice } from "./main/appearance";
import { AudienceFeed } from "./main/audience";
import { AxisChoices } from "./main/axis_choices";
import { PageActions } from "./main/page_actions";
import { PageParts } from "./main/page_parts";
import { RejectNotices, TopicList } from "./main/topics";
import { ShownPoints } from "./player/series_trace";
import type { PlayerScene } from "./player/topic_traces";
import { readingOf, viewState } from "./player/view_state";
import { strings } from "./strings";
import { View } from "./view";
import { Toast } from "./view/feedback";
import { Parts } from "./view/parts";
import { Preference } from "./view/preference";
import { dateText } from "./view/time_format";

/** Ten updates a second; only the values of drawn points change with every frame. */
const TEXT_EVERY_MS = 100;
/** Delay before retrying to resolve a moment that the hub could not locate. */
const MOMENT_RETRY_MS = 2_000;
/**
 * A tab that crashes loses at most this much of its window, which the hub still has; more frequent writes would only
 * wear out a disk.
 */
const SAVE_EVERY_MS = 60_000;

const api = new Api(hubAddress(location.href));
const options = readOptions(location.search);
const { furtherTopics = [] } = options;
let moment = options.at;
let { columns } = options;
let writtenAt = Number.NEGATIVE_INFINITY;
let wasAway = false;
document.documentElement.toggleAttribute("data-embed", options.isEmbed);

const parts = new Parts(document);
const toast = new Toast(parts.at("said"));
const instruments = exposeInstruments();
const topicList = new TopicList(api);
const audienceFeed = new AudienceFeed(api);
const rejectNotices = new RejectNotices();
const shownPoints = new ShownPoints();
const shownRecords = new ShownPoints();
const liveChart = new LiveChart({ ...options, host: parts.at("chart"), api, store: () => sessionStorage });
const axisChoices = new AxisChoices(liveChart);
const preferences = { keys: new Preference("keys"), summary: new Preference("summary") };
const announce = (text: string) => toast.show(text);
const pageParts = new PageParts({ parts, api, liveChart, axisChoices, preferences, announce });
const theme = new ThemeChoice(options.theme, () => {
  liveChart.fit();
  pageParts.fit();
});
const kiosk = new Kiosk(options.isKiosk);
const actions = new PageActions({
  api,
  liveChart,
  theme,
  kiosk,
  topicList,
  pageParts,
  audienceFeed,
  announce,
});
const view = new View({ root: document, parts, actions, preferences, toast });

function onFrame(scene: PlayerScene | undefined, at: number): void {
  if (scene !== undefined) {
    pageParts.draw(scene, at);
    updateInstruments(instruments, liveChart.player, scene, at);
    void goToMoment();
  }
  const { player, chart } = liveChart;
  const haveValuesChanged = shownPoints.haveChanged(player.traces, chart.pointed?.at);
  // Not only after `||`: both remember what they have seen.
  const haveChanged = shownRecords.haveChanged(player.records, chart.pointed?.at) || haveValuesChanged;
  if (at - writtenAt >= TEXT_EVERY_MS) write(at);
  else if (haveChanged) view.showReading(readingOf(player, at, chart.pointed?.at), chart.cursor);
}

function write(at: number): void {
  writtenAt = at;
  const { player, chart } = liveChart;
  const state = viewState(player, at, chart.pointed?.at);
  const { cursor } = chart;
  if (cursor?.key !== undefined) pageParts.follow(cursor.key);
  const shown = {
    ...state,
    legend: state.legend.map((entry) => ({ ...entry, ...chart.extremesOf(entry.series.key) })),
    available: topicList.names,
    about: topicList.about,
    leftOut: furtherTopics,
    audience: audienceFeed.audienceOf(player.lead.name),
    theme: theme.chosen,
    isKiosk: kiosk.isOn,
  };
  view.show(shown, cursor);
  pageParts.update(performance.now());
  const rejection = rejectNotices.next(player);
  if (rejection !== undefined) announce(rejection);
  reportColumns().catch(() => announce(strings.partMissing));
  const { kind } = player.link;
  // A hub that was unreachable may have come back with other topics.
  if (kind === "live" && wasAway) void topicList.refresh();
  wasAway = kind === "waiting" || (wasAway && kind !== "live");
}

/** Jumps to the moment in the URL, once, as soon as the hub can resolve it. */
async function goToMoment(): Promise<void> {
  if (moment === undefined) return;
  const wanted = moment;
  moment = undefined;
  const found = await liveChart.player.goToMoment(wanted.epoch, wanted.seq);
  if (found === "not-due") announce(strings.momentFuture);
  else if (typeof found === "object" && found.isEarlier) announce(strings.momentEarly(dateText(found.t)));
  else if (found === "unreachable")
    setTimeout(() => {
      moment = wanted;
    }, MOMENT_RETRY_MS);
}

/** Says which columns in the address no record has, as soon as there are records of all topics. */
async function reportColumns(): Promise<void> {
  const { player } = liveChart;
  if (columns === undefined || player.subscriptions.some(({ buffer }) => !buffer.hasRecords)) return;
  const wanted = columns;
  columns = undefined;
  const { columnProblems } = await import("./main/address_problems");
  for (const problem of columnProblems(wanted, player.subscriptions)) announce(problem);
}

/** Says which options in the address cannot be met. */
async function reportAddress(): Promise<void> {
  // The address bar is soon in step with the view, which leaves out what cannot be met.
  const { search } = location;
  if (!hasDoubts(options, search)) return;
  const { addressProblems } = await import("./main/address_problems");
  const problems = addressProblems(search);
  if (problems.length > 0) announce(problems.join(". "));
}

/** Saves what a reload restores when the page is left or hidden, and periodically for pages that end without notice. */
function saveSnapshots(): void {
  const save = () => liveChart.player.saveSnapshots();
  window.addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
  // Between two frames, if the browser supports it.
  const whenIdle = "requestIdleCallback" in window ? () => requestIdleCallback(save) : save;
  setInterval(whenIdle, SAVE_EVERY_MS);
}

hideIdleCursor(document);
reportAddress().catch(() => announce(strings.partMissing));
saveSnapshots();
void topicList.refresh();
liveChart.start({
  onFrame,
  onChange: () => {
    writtenAt = Number.NEGATIVE_INFINITY;
    pageParts.refresh();
  },
  onZoom: () => actions.viewChanged(),
});
