/**
 * Reports to the hub how well this page draws: the error bound of its clock, publications that arrived too late or not
 * at all, and animation frames. The hub shows operators and viewers what all pages report together, never a single one.
 *
 * # When
 * Every fifteen seconds while frames are drawn, so never by a hidden page. The first report comes at a random moment,
 * so that pages opened together do not report together.
 */

import type { HubClient } from "../client/hub_client";
import type { Report } from "../client/protocol";
import type { TopicSubscription } from "./topic_subscription";

/** What is reported of one topic: counts since the page was opened, and the way to the hub. */
export interface ReportedTopic {
  /** Identifies the topic from one report to the next. */
  readonly key: object;
  readonly received: number;
  readonly late: number;
  readonly missed: number;
  /** Upper bound of the error of the hub's time in milliseconds; undefined while unknown. */
  readonly boundMs: number | undefined;
  send(report: Report): void;
}

const EVERY_MS = 15_000;
/** The earliest first report, after which the clock estimate has settled. */
const FIRST_MS = 5_000;
/** A longer time without a frame is no dropped frame: the page was hidden, or the machine was suspended. */
const AWAY_MS = 1_000;
/** No display draws faster. */
const FRAME_MS_MIN = 1;

export class QualityReporter {
  readonly #random: () => number;
  /** Page time of the last frame. */
  #drawnAt = Number.NEGATIVE_INFINITY;
  /** Page time since when the next report counts, and when it is due. */
  #since = 0;
  #dueAt = 0;
  #frames = 0;
  #dropped = 0;
  /** The shortest time between two frames so far: that of the display. */
  #frameMs = Number.POSITIVE_INFINITY;
  /** The counts at `#since`. */
  #before = new Map<object, ReportedTopic>();

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Records a frame drawn at page time `at`. `topics` is called only if a report is due. */
  onFrame(at: number, topics: () => readonly ReportedTopic[]): void {
    const elapsed = at - this.#drawnAt;
    this.#drawnAt = at;
    if (elapsed > AWAY_MS) {
      this.#restart(at, topics(), FIRST_MS + (EVERY_MS - FIRST_MS) * this.#random());
      return;
    }
    this.#frames += 1;
    this.#frameMs = Math.min(this.#frameMs, Math.max(FRAME_MS_MIN, elapsed));
    this.#dropped += Math.max(0, Math.round(elapsed / this.#frameMs) - 1);
    if (at < this.#dueAt) return;
    const reported = topics();
    for (const topic of reported) this.#report(at, topic);
    this.#restart(at, reported, EVERY_MS);
  }

  #report(at: number, topic: ReportedTopic): void {
    const before = this.#before.get(topic.key);
    if (before === undefined || topic.boundMs === undefined) return;
    topic.send({
      type: "report",
      seconds: Math.round(at - this.#since) / 1000,
      bound_us: Math.ceil(topic.boundMs * 1000),
      received: topic.received - before.received,
      late: topic.late - before.late,
      missed: topic.missed - before.missed,
      frames: this.#frames,
      dropped: this.#dropped,
    });
  }

  #restart(at: number, topics: readonly ReportedTopic[], dueInMs: number): void {
    this.#since = at;
    this.#dueAt = at + dueInMs;
    this.#frames = 0;
    this.#dropped = 0;
    this.#before = new Map(topics.map((topic) => [topic.key, topic]));
  }
}

/** What is reported at page time `at` of a topic that `hub` carries. */
export function reportedTopic(
  topic: TopicSubscription,
  hub: HubClient | undefined,
  at: number,
): ReportedTopic {
  const { count: received, late } = topic.arrivalStats;
  const { missed } = topic.buffer;
  const boundMs = hub?.clock.isKnown ? hub.clock.errorBound(at) : undefined;
  return { key: topic, received, late, missed, boundMs, send: (report) => hub?.report(report) };
}
