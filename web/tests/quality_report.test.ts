/** What a page reports about itself: when, and what its counts cover. */

import { expect, test } from "vitest";
import type { Report } from "../src/client/protocol";
import { QualityReporter, type ReportedTopic } from "../src/player/quality_report";

const FRAME_MS = 1000 / 60;

/** A page that draws one topic on a display with 60 Hz. */
class Page {
  readonly sent: Report[] = [];
  readonly sentAt: number[] = [];
  readonly reporter: QualityReporter;
  at = 1_000;
  counts = { received: 0, late: 0, missed: 0 };
  boundMs: number | undefined = 1.7501;
  readonly #key = {};

  constructor(chance = 0) {
    this.reporter = new QualityReporter(() => chance);
  }

  draw(ms: number, frameMs = FRAME_MS): this {
    const frames = Math.round(ms / frameMs);
    for (let i = 0; i < frames; i += 1) {
      this.at += frameMs;
      this.reporter.onFrame(this.at, () => [this.#topic()]);
    }
    return this;
  }

  #topic(): ReportedTopic {
    const send = (report: Report) => {
      this.sent.push(report);
      this.sentAt.push(this.at);
    };
    return { key: this.#key, ...this.counts, boundMs: this.boundMs, send };
  }
}

test("a page reports after five to fifteen seconds, and then every fifteen", () => {
  for (const [chance, first] of [
    [0, 5_000],
    [1, 15_000],
  ] as const) {
    const page = new Page(chance).draw(46_000);
    expect(page.sent).toHaveLength(3);
    expect(page.sentAt[0]).toBeCloseTo(1_000 + first, -2);
    for (const [i, at] of page.sentAt.slice(1).entries())
      expect(at - (page.sentAt[i] as number)).toBeCloseTo(15_000, -2);
  }
});

test("a report covers the time since the last one", () => {
  const page = new Page();
  page.counts = { received: 100, late: 100, missed: 100 };
  page.draw(1_000);
  page.counts = { received: 150, late: 102, missed: 101 };
  page.draw(5_000);
  expect(page.sent).toHaveLength(1);
  const [first] = page.sent;
  expect(first).toMatchObject({
    type: "report",
    bound_us: 1_751,
    received: 50,
    late: 2,
    missed: 1,
    dropped: 0,
  });
  expect(first?.seconds).toBeCloseTo(5, 1);
  expect((first?.frames ?? 0) / (first?.seconds ?? 1)).toBeCloseTo(60, 0);
  page.draw(15_000);
  expect(page.sent[1]).toMatchObject({ received: 0, late: 0, missed: 0 });
});

test("frames that are left out are counted as dropped", () => {
  const page = new Page()
    .draw(2_000)
    .draw(500, 5 * FRAME_MS)
    .draw(4_000);
  // Each of the six frames comes in place of five.
  expect(page.sent[0]?.dropped).toBe(24);
});

test("a page that was hidden drops no frames and reports nothing of that time", () => {
  const page = new Page().draw(4_000);
  page.counts = { received: 900, late: 900, missed: 9 };
  page.at += 60_000;
  page.draw(4_900);
  expect(page.sent).toHaveLength(0);
  page.draw(200);
  expect(page.sent).toHaveLength(1);
  expect(page.sent[0]).toMatchObject({ received: 0, late: 0, missed: 0, dropped: 0 });
  expect(page.sent[0]?.seconds).toBeLessThan(6);
});

test("a page that does not know the hub's time reports nothing", () => {
  const page = new Page();
  page.boundMs = undefined;
  page.draw(6_000);
  expect(page.sent).toHaveLength(0);
  page.boundMs = 2;
  page.draw(16_000);
  expect(page.sent).toHaveLength(1);
});
