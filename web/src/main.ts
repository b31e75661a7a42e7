/**
 * Puts the page together and runs it: the line to the hub feeds clock and timeline, and every frame asks
 * both what to show. All decisions are made below; here is only who talks to whom.
 */

import "./style.css";
import { Chart } from "./chart";
import { HubClock } from "./clock";
import { Probes } from "./clock/probes";
import { WallClock } from "./clock/wall";
import { Connection, type Link } from "./connection";
import { browser } from "./connection/surroundings";
import { calm, Frames } from "./main/frames";
import { keep } from "./main/keeping";
import { readOptions } from "./main/options";
import type { HubMessage } from "./protocol";
import { RECORDS_MAX, Session } from "./session";
import { type Picture, sampleAt, still, Timeline } from "./timeline";
import { type Notice, View } from "./view";
import { axisText } from "./view/number";

/** Ten times a second is as fast as anybody reads a number. */
const TEXT_EVERY_MS = 100;

const options = readOptions(location.search);
const view = new View(document);
const timeline = new Timeline(options.windowMs);
const clock = new HubClock(() => probes.burst());
const wall = new WallClock();
const session = new Session({ ...options, store: () => sessionStorage });
const chart = new Chart({ host: view.chartHost, windowMs: options.windowMs, format: axisText });
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const prefersLittleMotion = matchMedia("(prefers-reduced-motion: reduce)");

let link: Link = { kind: "connecting" };
let paused: Picture | undefined;
let isStale = true;
let shown = "";
let writtenAt = Number.NEGATIVE_INFINITY;

const connection = new Connection(
  {
    origin: location.origin.replace(/^http/, "ws"),
    topic: options.topic,
    joining: () =>
      timeline.joining(wall.latest(Date.now(), clock.isKnown ? clock.now(performance.now()) : undefined)),
    onMessage: receive,
    onLink: (now) => {
      link = now;
      if (link.kind !== "live" && link.kind !== "draining") probes.stop();
      writeTexts(performance.now());
    },
  },
  browser,
);

/** A ping's id is the page's time in microseconds, so that nothing need be remembered until its pong. */
const probes = new Probes(
  () => connection.ping(Math.floor(performance.now() * 1000)),
  browser.after,
  browser.random,
);

function receive(message: HubMessage, receivedAt: number): void {
  if (message.type === "pong") {
    clock.probed(message.id / 1000, message.r / 1000, message.s / 1000, receivedAt);
    wall.mark({ hubAt: message.s / 1000, wallAt: Date.now() });
    return;
  }
  if (message.type === "hello") {
    clock.forget();
    clock.arrived(message.now / 1000, receivedAt);
    wall.mark({ hubAt: message.now / 1000, wallAt: Date.now() });
    probes.burst();
  }
  if (message.type === "data") clock.arrived(message.t / 1000, receivedAt);
  if (message.type === "batch") {
    const last = typeof message.dt === "number" ? message.dt * (message.data.length - 1) : message.dt.at(-1);
    clock.arrived((message.t + (last ?? 0)) / 1000, receivedAt);
  }
  const { field } = timeline;
  timeline.apply(message);
  if (message.type === "hello") view.showTopic(message.topic);
  if (timeline.field !== field) view.showField(timeline.field, options.windowMs);
}

function draw(at: number): void {
  if (clock.isKnown) {
    const picture =
      paused ?? timeline.picture(calm(timeline.playhead(clock.now(at)), prefersLittleMotion.matches));
    // A view that stands still, be it paused, ended or calm between two steps, costs nothing. The newest visible
    // record counts too: it may arrive after its instant, on a slow line or after an interruption.
    const now = `${picture.playhead} ${sampleAt(picture)?.seq}`;
    if (isStale || now !== shown) chart.draw(picture, at);
    isStale = false;
    shown = now;
  }
  if (at - writtenAt >= TEXT_EVERY_MS) writeTexts(at);
}

function writeTexts(at: number): void {
  writtenAt = at;
  const playhead = clock.isKnown ? timeline.playhead(clock.now(at)) : undefined;
  const picture = paused ?? (playhead === undefined ? undefined : timeline.picture(playhead));
  const sample = picture && sampleAt(picture);
  view.showLink(link, playhead !== undefined && timeline.hasEnded(playhead), at);
  view.showValue(sample?.value);
  view.showFoot({
    seq: sample?.seq,
    errorMs: clock.errorBound(at),
    viewers: timeline.viewers,
    missed: timeline.missed,
  });
  view.showBehind(
    paused && playhead !== undefined ? Math.round((playhead - paused.playhead) / 1000) : undefined,
  );
  view.showNotice(notice(playhead));
}

function notice(playhead: number | undefined): Notice | undefined {
  if (link.kind === "stopped") return { kind: "refused", refusal: link.refusal, topic: options.topic ?? "" };
  if (timeline.hasRecords && playhead !== undefined)
    return timeline.field === undefined ? { kind: "no-number" } : undefined;
  if (link.kind === "waiting") return { kind: "lost" };
  if (link.kind !== "live" || timeline.hasRecords) return { kind: "connecting" };
  const { beginsAt } = timeline;
  if (beginsAt !== undefined && playhead !== undefined && beginsAt > playhead)
    return { kind: "begins", at: beginsAt };
  return { kind: "waiting" };
}

function togglePause(): void {
  const canPause = paused === undefined && clock.isKnown;
  paused = canPause ? still(timeline.picture(timeline.playhead(clock.now(performance.now())))) : undefined;
  isStale = true;
  view.showPaused(paused !== undefined);
  writeTexts(performance.now());
}

function adoptLook(): void {
  document.documentElement.dataset.theme = options.theme ?? (prefersDark.matches ? "dark" : "light");
  chart.fit();
  isStale = true;
}

function recall(): void {
  const kept = session.read();
  if (kept === undefined) return;
  wall.mark(kept);
  for (const message of kept.messages) timeline.apply(message);
}

/** Without the hub's time nothing is known about the window; what was kept before is then still the best. */
function remember(): void {
  if (!clock.isKnown || timeline.topic === undefined) return;
  const hubAt = clock.now(performance.now());
  session.write({ messages: timeline.recording(hubAt, RECORDS_MAX), hubAt, wallAt: Date.now() });
}

function backAgain(): void {
  if (document.hidden) return;
  connection.retryNow();
  // Timers were slow while hidden, and the machine may have slept.
  probes.burst();
}

recall();
view.showTopic(options.topic ?? timeline.topic);
view.showField(timeline.field, options.windowMs);
view.onPause(togglePause);
adoptLook();
prefersDark.addEventListener("change", adoptLook);
new ResizeObserver(adoptLook).observe(view.chartHost);
window.addEventListener("online", () => connection.retryNow());
document.addEventListener("visibilitychange", backAgain);
keep(remember);
new Frames(draw).start();
connection.open();
