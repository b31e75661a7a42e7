/** The course of the line: where it ends, where the pen is lifted, and that no peak is lost. */

import { describe, expect, test } from "vitest";
import { steady } from "../src/chart/lines";
import { Outline } from "../src/chart/outline";
import type { Trace } from "../src/scene";
import type { Samples } from "../src/timeline/ring";
import { samples } from "./samples";

const series = {
  key: "ecg/value",
  topic: "ecg",
  field: { name: "value", label: undefined, unit: undefined },
  colour: 0,
};

function trace(parts: readonly Samples[], playhead: number): Trace {
  return { series, parts: parts.map((samples) => ({ samples, column: 0 })), playhead };
}

/** A part of the line that begins later. */
function later(values: readonly number[], from: number): Samples {
  const part = samples(values);
  return { ...part, times: part.times.map((time) => time + from) };
}

/** The points in order, as `time,value`; where the pen is lifted, "|". */
function course(outline: Outline): string {
  const points = Array.from({ length: outline.length }, (_, i) =>
    Number.isNaN(outline.value(i)) ? "|" : `${outline.time(i)},${outline.value(i)}`,
  );
  return points.join(" ");
}

function drawn(parts: readonly Samples[], playhead: number, from = 0, columnMs = 1, to = playhead): Outline {
  const outline = new Outline();
  outline.trace(trace(parts, playhead), from, to, columnMs);
  return outline;
}

function line(values: readonly number[], playhead: number, from?: number, columnMs?: number): string {
  return course(drawn([samples(values)], playhead, from, columnMs));
}

function end({ endTime, endValue }: Outline): [number, number] {
  return [endTime, endValue];
}

describe("the end of the line", () => {
  test("is the playhead, on the way to the next sample", () => {
    expect(line([0, 100, 200], 15)).toBe("0,0 10,100 15,150");
    expect(end(drawn([samples([0, 100, 200])], 15))).toEqual([15, 150]);
  });

  test("is the last sample where the next is not known: nothing is extrapolated", () => {
    expect(line([0, 100], 500)).toBe("0,0 10,100");
    expect(end(drawn([samples([0, 100])], 500))).toEqual([10, 100]);
  });

  test("is the picture's edge where the playhead is further on", () => {
    expect(course(drawn([samples([0, 100, 200])], 99, 0, 1, 15))).toBe("0,0 10,100 15,150");
  });

  test("is nowhere before the first sample, at a break, or without any sample", () => {
    expect(line([1, 2], -5)).toBe("");
    for (const outline of [
      drawn([samples([1, 2])], -5),
      drawn([], 5),
      drawn([samples([])], 5),
      drawn([samples([1, Number.NaN, 3])], 15),
    ])
      expect(end(outline)).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("breaks", () => {
  test("no line crosses one, nor leads into one", () => {
    expect(line([1, 2, Number.NaN, 4, 5], 40)).toBe("0,1 10,2 | 30,4 40,5");
    expect(line([1, 2, Number.NaN], 15)).toBe("0,1 10,2");
  });

  test("a sample alone between two of them is a point of its own", () => {
    expect(line([1, Number.NaN, 2, Number.NaN, 3], 40)).toBe("0,1 | 20,2 | 40,3");
  });

  test("show also where samples are thinned out", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 500 ? Number.NaN : i % 7));
    expect(line(values, 9_990, 0, 200).split("|")).toHaveLength(3);
  });
});

describe("thinning out", () => {
  test("loses no peak", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 517 ? 999 : i === 533 ? -999 : i % 3));
    const outline = drawn([samples(values)], 9_990, 0, 200);
    expect(outline.length).toBeLessThan(200);
    expect(course(outline)).toContain(" 5170,999 ");
    expect(course(outline)).toContain(" 5330,-999 ");
    expect([outline.low, outline.high]).toEqual([-999, 999]);
  });

  test("or not, the pen only ever moves forward", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 101);
    const outline = drawn([samples(values)], 9_990, 0, 200);
    for (let i = 1; i < outline.length; i += 1)
      expect(outline.time(i)).toBeGreaterThanOrEqual(outline.time(i - 1));
  });

  test("picks the same points in every frame, but for those at the ends", () => {
    const values = Array.from({ length: 4_000 }, (_, i) => (i * 7919) % 101);
    const before = course(drawn([samples(values)], 20_000, 0, 200)).split(" ");
    const after = course(drawn([samples(values)], 20_017, 17, 200)).split(" ");
    expect(after.slice(0, 190)).toEqual(before.slice(0, 190));
  });

  test("ends where the line ends", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 999 ? 50 : (i * 7919) % 101));
    expect(course(drawn([samples(values)], 99_999, 0, 200, 99_999))).toMatch(/ 9990,50$/);
  });

  test("does not come and go with a sample more or less", () => {
    const outline = new Outline();
    const part = samples(Array.from({ length: 1_000 }, (_, i) => i % 7));
    const thinnedAt = (columnMs: number) => {
      outline.trace(trace([part], 9_990), 0, 9_990, columnMs);
      return outline.isThinned;
    };
    expect([15, 18, 22, 18, 15, 18].map(thinnedAt)).toEqual([false, false, true, true, false, false]);
  });

  test("takes columns of one width although the window differs by a hair from frame to frame", () => {
    const widths = [10_000, 10_000.0002, 9_999.9998].map((ms) => steady(ms / 1_200));
    expect(new Set(widths).size).toBe(1);
    for (const ms of [0.1, 1, 8, 8.3, 1_000, 26_000]) expect(Math.abs(steady(ms) / ms - 1)).toBeLessThan(0.1);
  });
});

test("the sample before the window is included, so that the line enters from the edge", () => {
  expect(line([1, 2, 3, 4], 30, 15)).toBe("10,2 20,3 30,4");
});

test("extremes look one sample beyond the window at each end and pass over breaks", () => {
  const { low, high } = drawn([samples([9, 1, Number.NaN, 3, -7, 50])], 35, 15);
  expect([low, high]).toEqual([-7, 3]);
  expect(drawn([], 35).low).toBe(Number.POSITIVE_INFINITY);
});

describe("parts", () => {
  test("join without a seam, and each counts only up to the next", () => {
    const parts = [later([1, 2, 3, 99], 0), later([4, 5], 30)];
    expect(course(drawn(parts, 40))).toBe("0,1 10,2 20,3 30,4 40,5");
    expect(course(drawn(parts, 25))).toBe("0,1 10,2 20,3 25,3.5");
    expect(drawn(parts, 40).high).toBe(5);
  });

  test("that are empty do not matter", () => {
    const empty = samples([]);
    expect(course(drawn([empty, later([1, 2], 0), empty, later([3], 20), empty], 40))).toBe("0,1 10,2 20,3");
  });

  test("that end with a break are not joined", () => {
    expect(course(drawn([later([1, Number.NaN], 0), later([3, 4], 20)], 30))).toBe("0,1 | 20,3 30,4");
  });

  test("that lie before the window are not walked", () => {
    const parts = [later([100, 2], 0), later([3, 4], 20)];
    expect(course(drawn(parts, 30, 25))).toBe("20,3 30,4");
    expect(course(drawn(parts, 30, 15))).toBe("10,2 20,3 30,4");
    expect(drawn(parts, 30, 15).high).toBe(4);
  });
});

test("the way along what has left is known, so that dashes travel with the line", () => {
  const part = samples([0, 3, 3, 3, 3, Number.NaN, 3, 3, 3]);
  const outline = new Outline();
  const phaseFrom = (from: number) => {
    outline.trace(trace([part], 80), from, 80, 1);
    return outline.phase(0.4, 1);
  };
  expect([0, 5, 25, 27, 35].map(phaseFrom)).toEqual([0, 0, 5 + 4, 9, 13]);
  // Another piece begins anew.
  expect([65, 75].map(phaseFrom)).toEqual([0, 4]);
});
