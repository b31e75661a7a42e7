/**
 * The texts of the user interface, without those of parts that are loaded on demand: `strings/on_demand.ts`. Knows no
 * elements: what is shown where is up to the view.
 */

import type { Refusal } from "./client/connection";

const REFUSALS: Readonly<Record<Refusal, (topic: string) => string>> = {
  invalid: (topic) => `“${topic}” is not a valid topic name`,
  unauthorized: () => "This hub requires a token",
  forbidden: () => "This hub does not allow pages from this origin",
  "unknown-topic": (topic) => `There is no topic “${topic}” on this hub`,
};

const REFUSAL_HINTS: Readonly<Record<Refusal, string>> = {
  invalid: "Topic names consist of lowercase letters, digits, dots, hyphens and underscores.",
  unauthorized: "Open the page with the link you were given; it contains the token.",
  forbidden: "Its operator can allow this origin with allowed_origins.",
  "unknown-topic": "Check the URL, or choose an existing topic.",
};

/** What the topics shown carry. */
const FEEDS = { live: "Live", replay: "Replay", mixed: "Live + replay" } as const;

export const strings = {
  product: "tickcast",
  title: (topic: string, feed?: keyof typeof FEEDS) =>
    feed === undefined ? `${topic} · tickcast` : `${topic} · ${FEEDS[feed]} · tickcast`,
  defaultTopic: "default topic",
  topicAndMore: (first: string, others: string) => `${first} + ${others}`,

  /** The badge. */
  connecting: "Connecting…",
  live: FEEDS.live,
  feeds: FEEDS,
  behind: "Behind",
  waiting: "Waiting",
  starving: "Behind",
  paused: "Paused",
  ended: "Ended",
  draining: "Draining",
  stopped: "Not available",
  topicStopped: "Stopped",
  reconnecting: "Reconnecting",
  offline: "Offline",
  inTime: (time: string) => `in ${time}`,
  isLiveHint: "This view is live",
  isReplayHint: "A recording, played to all screens at the same time",
  goLiveHint: "Jump to live",
  rejoinHint: "Rejoin the replay",
  retryNow: "Retry now",

  pause: "Pause",
  resume: "Resume",
  more: "More",
  chooseTopics: "Choose topics",
  topics: "Topics on this hub",
  onlyThis: "only",
  onlyThisTopic: (topic: string) => `Only ${topic}`,
  findTopic: "Search topics",
  topicsFull: (most: number) => `A page shows at most ${most} topics; deselect one to choose another`,
  topicsMissing: (names: string) => `In the address, but not shown: ${names}`,

  unnamed: "Value",
  noValue: "–",
  minus: "−",
  labelAndMore: (label: string, others: number) => `${label} and ${others} more`,
  legend: "Legend",
  legendHint: "Click to show or hide; double-click or Shift-click to show only this series",
  chart: (label: string, time: string) => `Line chart of ${label}, ${time}`,
  numberTexts: (labels: string) => `Text in the records, read as numbers: ${labels}`,
  low: "low",
  high: "high",
  columnsDrawn: (drawn: number, all: number) => `${drawn} of ${all} columns`,
  columnsHint: "Choose the columns that are drawn",
  unlisted: (n: number) => `${n} more numbers are in the records, but cannot be lines`,
  noRecordSince: (time: string) => `No record since ${time}`,
  noHubSince: (time: string) => `No connection since ${time}`,

  seq: "record",
  clock: "in sync",
  clockUnknown: "synchronizing…",
  clockLost: "sync unknown",
  clockHint: "Maximum error of this screen’s estimate of the hub’s time",
  viewers: (n: number, count: string) => (n === 1 ? "1 viewer" : `${count} viewers`),
  viewersShare: "· shared picture",
  viewersHint: (topic: string) => `Everybody who receives ${topic}, this page included`,
  viewersShareHint: (topic: string) =>
    `Everybody who receives ${topic}, this page included. Every screen that follows shows this picture at this instant.`,
  missed: "missed",
  missedHint: "Records that never reached this page; the line breaks where they are missing",
  windows: "Time window",
  windowHint: (time: string) => `Show ${time}`,

  replayOf: (dataset: string) => `Replay of ${dataset}`,
  replayRecord: (record: string, records: string) => `record ${record} of ${records}`,
  replayLap: (lap: string) => `lap ${lap}`,
  lapBegins: (lap: number) => `lap ${lap}`,
  aboutData: "About the data",
  aboutPosition: "Position",
  aboutOrigin: "Origin",
  aboutLicence: "Licence",
  aboutDigest: "SHA-256",

  sync: "Synchronization",
  syncIntro: (error: string) =>
    `Every screen shows the same instant: hub time minus the playout delay, which all screens share. This screen is accurate to ${error}.`,
  syncIntroOwn: (error: string) =>
    `Screens that follow show the same instant: hub time minus the playout delay. This view was paused or moved and shows its own. This screen knows the hub’s time to ${error}.`,
  syncIntroUnknown:
    "Every screen shows the same instant. This one is still synchronizing with the hub’s clock.",
  syncIntroLost:
    "The hub is not responding, so it is unknown how closely this screen follows it. The last picture stays until the hub is back.",
  syncError: "Accuracy",
  syncAudience: "All screens",
  audience: (n: number, count: string, error: string) =>
    n <= 1 ? `1 viewer, within ${error}` : `${count} viewers, 99 % within ${error}`,
  audienceOfSome: (count: string, reporting: string, error: string) =>
    `${count} viewers; of the ${reporting} that report, 99 % within ${error}`,
  syncOffset: "This device’s clock",
  syncDelay: "Playout delay",
  syncAhead: "Records arrive",
  syncSeq: "Record shown",
  slow: (time: string) => `${time} slow`,
  fast: (time: string) => `${time} fast`,
  early: (time: string) => `${time} early`,
  late: (time: string) => `${time} late`,

  copyCurl: "Copy curl command",
  copied: "Copied",
  notCopied: "Copying was blocked by the browser",
  themes: { auto: "Auto", light: "Light", dark: "Dark" },
  themeIs: (theme: string) => `Theme: ${theme}`,
  help: "Keyboard shortcuts and help",

  /** Read aloud by screen readers. */
  sentence: (text: string) => (text.endsWith("…") ? `${text} ` : `${text}. `),
  summaryValue: (label: string, value: string) => `${label}: ${value}`,
  summaryRange: (low: string, high: string, time: string) => `, lowest ${low}, highest ${high}, ${time}`,
  summaryMore: (n: number) => `${n} more series`,
  lastTime: (time: string) => `the last ${time}`,

  emptyConnecting: "Connecting to the hub…",
  emptyConnectingHint: "The chart appears as soon as the hub responds.",
  emptyWaiting: "Waiting for the first record",
  emptyWaitingHint: "Connected. The chart starts with the next record.",
  emptyBegins: (time: string) => `This topic starts at ${time}`,
  emptyBeginsHint: "Leave this page open: it starts automatically, on every screen at once.",
  emptyNoNumber: "These records contain no numbers",
  emptyNoNumberHint: "Only numbers are drawn here; the hub’s page shows every record.",
  emptyLost: "The hub is not responding",
  emptyLostHint: "You don’t need to do anything: the page keeps retrying.",
  emptyDataChanged: "This topic has stopped",
  emptyDataChangedHint:
    "Its data was changed on the hub while it was being played. It comes back once the operator has restarted the hub.",
  emptyOtherEpoch: "That moment is no longer available",
  emptyOtherEpochHint:
    "The link points to a timeline that has ended; this topic has started a new one since.",
  navigator: (zone: string) => `Timeline, with the visible range; times in ${zone}`,
  navigatorAt: (behind: string, time: string) => `${behind}, ${time}`,
  navigatorLive: "Live",
  navigatorReplay: "In step with the replay",
  behindNewest: (span: string, isReplay: boolean) => `${span} behind ${isReplay ? "the replay" : "live"}`,
  navigatorBegins: (time: string) => `starts ${time}`,

  momentFuture: "That moment is still to come; showing the newest record",
  momentEarly: (time: string) => `There is nothing before ${time}; showing the beginning`,

  partMissing:
    "This part of the page could not be loaded: the hub is away, or has a new version of the page. Try again, or reload the page",
  noFullscreen: "Full screen was blocked by the browser",

  topicUnavailable: (topic: string) => `“${topic}” is not available yet; retrying`,
  refused: (refusal: Refusal, topic: string) => REFUSALS[refusal](topic),
  refusedHint: (refusal: Refusal) => REFUSAL_HINTS[refusal],
  openDefault: "Open the default topic",
  listOfTopics: "All topics",
} as const;
