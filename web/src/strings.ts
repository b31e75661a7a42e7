/**
 * Every word the page says, in one place. Knows no elements: what is shown where is the view's business.
 */

import type { Refusal } from "./connection";

const REFUSALS: Readonly<Record<Refusal, (topic: string) => string>> = {
  invalid: (topic) => `“${topic}” cannot be the name of a topic`,
  unauthorized: () => "This hub asks for a token",
  forbidden: () => "This hub does not serve pages from here",
  "unknown-topic": (topic) => `There is no topic “${topic}” on this hub`,
};

const REFUSAL_HINTS: Readonly<Record<Refusal, string>> = {
  invalid: "Names consist of small letters, digits, dots, hyphens and underscores.",
  unauthorized: "Open the page with the link you were given; it carries the token.",
  forbidden: "Its operator can allow this address with allowed_origins.",
  "unknown-topic": "Check the address, or open the hub’s default topic.",
};

export const strings = {
  product: "tickcast",
  title: (topic: string) => `${topic} · tickcast`,
  defaultTopic: "default topic",

  connecting: "Connecting",
  live: "Live",
  ended: "Ended",
  draining: "Draining",
  stopped: "Not available",
  reconnecting: "Reconnecting",
  offline: "Offline",
  inSeconds: (seconds: number) => `in ${seconds} s`,

  pause: "Pause",
  resume: "Resume",
  pauseHint: "Pause this view (Space)",
  resumeHint: "Go on with the others (Space)",
  behind: (seconds: number) => `paused, ${seconds} s behind`,

  unnamed: "Value",
  noValue: "–",
  minus: "−",
  chart: (label: string, seconds: number) => `Line chart of ${label}, the last ${seconds} seconds`,

  seq: "seq",
  clock: "clock",
  clockError: (ms: string) => `±${ms} ms`,
  clockHint: "How far this screen’s clock can be off from the hub’s",
  viewers: (n: number) => (n === 1 ? "viewer" : "viewers"),
  missed: "missed",
  missedHint: "Records that did not reach this page; the line breaks where they are missing",

  emptyConnecting: "Looking for the hub",
  emptyConnectingHint: "The line appears as soon as it answers.",
  emptyWaiting: "Waiting for the first record",
  emptyWaitingHint: "The hub is there. The line begins with the next record.",
  emptyBegins: (time: string) => `This topic begins at ${time}`,
  emptyBeginsHint: "Leave the page open: it starts by itself, on every screen at once.",
  emptyNoNumber: "These records hold no number",
  emptyNoNumberHint: "A line needs a record that is a number, or an object with a number in it.",
  emptyLost: "The hub does not answer",
  emptyLostHint: "Nothing to do here: the page goes on trying.",
  refused: (refusal: Refusal, topic: string) => REFUSALS[refusal](topic),
  refusedHint: (refusal: Refusal) => REFUSAL_HINTS[refusal],
  openDefault: "Open the default topic",
} as const;
