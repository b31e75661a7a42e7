/** Polylines: where they end, where they break, and that no peak is lost. */

import { describe, expect, test } from "vitest";
import { quantizedColumnMs } from "../src/chart/line_renderer";
import { Polyline } from "../src/chart/polyline";
import type { Trace } from "../src/scene";
import type { Samples } from "../src/topic_buffer/sample_ring";
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

/** A part that begins at `from`. */
function later(values: readonly number[], from: number): Samples {
  const part = samples(values);
  return { ...part, times: part.times.map((time) => time + from) };
}

/** The points in order, as `time,value`, with "|" for breaks. */
function points(polyline: Polyline): string {
  const texts = Array.from({ length: polyline.length }, (_, i) =>
    Number.isNaN(polyline.value(i)) ? "|" : `${polyline.time(i)},${polyline.value(i)}`,
  );
  return texts.join(" ");
}

function drawn(parts: readonly Samples[], playhead: number, from = 0, columnMs = 1, to = playhead): Polyline {
  const polyline = new Polyline();
  polyline.trace(trace(parts, playhead), from, to, columnMs);
  return polyline;
}

function line(values: readonly number[], playhead: number, from?: number, columnMs?: number): string {
  return points(drawn([samples(values)], playhead, from, columnMs));
}

function end({ endTime, endValue }: Polyline): [number, number] {
  return [endTime, endValue];
}

describe("the end of the line", () => {
  test("is the playhead, on the segment to the next sample; its point is the newest sample", () => {
    expect(line([0, 100, 200], 15)).toBe("0,0 10,100 15,150");
    expect(end(drawn([samples([0, 100, 200])], 15))).toEqual([10, 100]);
  });

  test("is the last sample if the next is unknown: nothing is extrapolated", () => {
    expect(line([0, 100], 500)).toBe("0,0 10,100");
    expect(end(drawn([samples([0, 100])], 500))).toEqual([10, 100]);
  });

  test("is the edge of the view if the playhead is beyond it", () => {
    expect(points(drawn([samples([0, 100, 200])], 99, 0, 1, 15))).toBe("0,0 10,100 15,150");
  });

  test("has its point on the last sample before a break", () => {
    expect(end(drawn([samples([1, Number.NaN, 3])], 15))).toEqual([0, 1]);
    expect(end(drawn([samples([1, 2, Number.NaN, Number.NaN])], 35))).toEqual([10, 2]);
  });

  test("has the point of a line that was decimated", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i > 997 ? Number.NaN : (i * 7919) % 101));
    expect(end(drawn([samples(values)], 9_990, 0, 200))).toEqual([9_970, values[997]]);
  });

  test("does not leave the range of numbers", () => {
    expect(line([-1e308, 1e308], 5)).toBe("0,-1e+308 5,0");
  });

  test("is undefined before the first sample or without samples", () => {
    expect(line([1, 2], -5)).toBe("");
    for (const polyline of [drawn([samples([1, 2])], -5), drawn([], 5), drawn([samples([])], 5)])
      expect(end(polyline)).toEqual([Number.NaN, Number.NaN]);
  });
});

test("a line that has scrolled out leaves neither points nor extremes, so that the scale stays", () => {
  const polyline = drawn([samples([5, 7, Number.NaN])], 900, 400);
  expect([points(polyline), polyline.low, polyline.high]).toEqual(["", Infinity, -Infinity]);
  expect(end(polyline)).toEqual([Number.NaN, Number.NaN]);
  const visible = drawn([samples([5, 7])], 900, 10);
  expect([points(visible), visible.low, visible.high]).toEqual(["10,7", 7, 7]);
});

describe("breaks", () => {
  test("are neither crossed nor entered by a line", () => {
    expect(line([1, 2, Number.NaN, 4, 5], 40)).toBe("0,1 10,2 | 30,4 40,5");
    expect(line([1, 2, Number.NaN], 15)).toBe("0,1 10,2");
  });

  test("leave a single sample between two of them as a point", () => {
    expect(line([1, Number.NaN, 2, Number.NaN, 3], 40)).toBe("0,1 | 20,2 | 40,3");
  });

  test("survive decimation", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 500 ? Number.NaN : i % 7));
    expect(line(values, 9_990, 0, 200).split("|")).toHaveLength(3);
  });
});

describe("decimation", () => {
  test("loses no peak", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 517 ? 999 : i === 533 ? -999 : i % 3));
    const polyline = drawn([samples(values)], 9_990, 0, 200);
    expect(polyline.length).toBeLessThan(200);
    expect(points(polyline)).toContain(" 5170,999 ");
    expect(points(polyline)).toContain(" 5330,-999 ");
    expect([polyline.low, polyline.high]).toEqual([-999, 999]);
  });

  test("keeps points in order of time", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 101);
    const polyline = drawn([samples(values)], 9_990, 0, 200);
    for (let i = 1; i < polyline.length; i += 1)
      expect(polyline.time(i)).toBeGreaterThanOrEqual(polyline.time(i - 1));
  });

  test("picks the same points in every frame, except at the ends", () => {
    const values = Array.from({ length: 4_000 }, (_, i) => (i * 7919) % 101);
    const before = points(drawn([samples(values)], 20_000, 0, 200)).split(" ");
    const after = points(drawn([samples(values)], 20_017, 17, 200)).split(" ");
    expect(after.slice(0, 190)).toEqual(before.slice(0, 190));
  });

  test("keeps the end of the line", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i === 999 ? 50 : (i * 7919) % 101));
    expect(points(drawn([samples(values)], 99_999, 0, 200, 99_999))).toMatch(/ 9990,50$/);
  });

  test("has hysteresis", () => {
    const polyline = new Polyline();
    const part = samples(Array.from({ length: 1_000 }, (_, i) => i % 7));
    const isDecimatedAt = (columnMs: number) => {
      polyline.trace(trace([part], 9_990), 0, 9_990, columnMs);
      return polyline.isDecimated;
    };
    expect([15, 18, 22, 18, 15, 18].map(isDecimatedAt)).toEqual([false, false, true, true, false, false]);
  });

  test("uses the same column width although the window differs slightly from frame to frame", () => {
    const widths = [10_000, 10_000.0002, 9_999.9998].map((ms) => quantizedColumnMs(ms / 1_200));
    expect(new Set(widths).size).toBe(1);
    for (const ms of [0.1, 1, 8, 8.3, 1_000, 26_000])
      expect(Math.abs(quantizedColumnMs(ms) / ms - 1)).toBeLessThan(0.1);
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
  test("join seamlessly, each used up to the start of the next", () => {
    const parts = [later([1, 2, 3, 99], 0), later([4, 5], 30)];
    expect(points(drawn(parts, 40))).toBe("0,1 10,2 20,3 30,4 40,5");
    expect(points(drawn(parts, 25))).toBe("0,1 10,2 20,3 25,3.5");
    expect(drawn(parts, 40).high).toBe(5);
  });

  test("that are empty are ignored", () => {
    const empty = samples([]);
    expect(points(drawn([empty, later([1, 2], 0), empty, later([3], 20), empty], 40))).toBe("0,1 10,2 20,3");
  });

  test("that end with a break are not joined", () => {
    expect(points(drawn([later([1, Number.NaN], 0), later([3, 4], 20)], 30))).toBe("0,1 | 20,3 30,4");
  });

  test("before the window are ignored", () => {
    const parts = [later([100, 2], 0), later([3, 4], 20)];
    expect(points(drawn(parts, 30, 25))).toBe("20,3 30,4");
    expect(points(drawn(parts, 30, 15))).toBe("10,2 20,3 30,4");
    expect(drawn(parts, 30, 15).high).toBe(4);
  });
});

test("the length of the line that has scrolled out is tracked, so that dashes travel with the line", () => {
  const part = samples([0, 3, 3, 3, 3, Number.NaN, 3, 3, 3]);
  const polyline = new Polyline();
  const phaseFrom = (from: number) => {
    polyline.trace(trace([part], 80), from, 80, 1);
    return polyline.phase(0.4, 1);
  };
  expect([0, 5, 25, 27, 35].map(phaseFrom)).toEqual([0, 0, 5 + 4, 9, 13]);
  // After a break the pattern restarts.
  expect([65, 75].map(phaseFrom)).toEqual([0, 4]);
});
