/** Records as the hub spells them: from the connection, else from the history. */

import { expect, test, vi } from "vitest";
import { Api } from "../../src/client/api";
import type { HttpResponse } from "../../src/client/runtime";
import { RecordTexts } from "../../src/player/record_texts";
import { RecordLog } from "../../src/topic_buffer/record_log";
import { data } from "../messages";

/** Records of a topic whose history answers by itself, with what it was asked for. */
function served({ epoch = "e1", newest = 1_000, recordMax = 100 } = {}) {
  const requests: string[] = [];
  const get = (url: string) => {
    const { searchParams } = new URL(url);
    requests.push(searchParams.toString());
    const [from, to] = ["from", "to"].map((name) => Number(searchParams.get(name)));
    const lines: string[] = [];
    for (let seq = from as number; seq <= Math.min(newest, to as number); seq += 1)
      lines.push(`{"seq":${seq},"t":${seq},"data":{"v":${seq}.00}}\n`);
    const response = {
      ok: true,
      status: 200,
      headers: new Headers({ "tickcast-epoch": epoch }),
      text: async () => lines.join(""),
    } as unknown as HttpResponse;
    return { response: Promise.resolve(response), cancel: () => {} };
  };
  const log = new RecordLog();
  const onChange = vi.fn();
  const api = new Api("http://hub.example", { get, after: () => () => {} });
  const texts = new RecordTexts({ api, topic: "ecg", log, onChange });
  texts.setEpoch("e1", recordMax);
  return { texts, log, requests, onChange };
}

test("a record that arrived is not requested", () => {
  const { texts, log, requests } = served();
  log.add(data(7), '{"type":"data","seq":7,"t":7,"data":1.50}');
  expect(texts.textOf(7)).toBe("1.50");
  expect(requests).toEqual([]);
});

test("an earlier record is requested once, with its neighbours", async () => {
  const { texts, requests, onChange } = served();
  expect([40, 41, 40].map((seq) => texts.textOf(seq))).toEqual([undefined, undefined, undefined]);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  expect([40, 41, 63].map((seq) => texts.textOf(seq))).toEqual(['{"v":40.00}', '{"v":41.00}', '{"v":63.00}']);
  expect(requests).toEqual(["from=32&to=63&limit=32&format=ndjson"]);
});

test("of long records fewer are requested", async () => {
  const { texts, requests, onChange } = served({ recordMax: 3_000_000 });
  texts.textOf(40);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  expect(requests).toEqual(["from=40&to=40&limit=1&format=ndjson"]);
});

test("a record that was not due yet is requested again later", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const { texts, requests, onChange } = served({ newest: 39 });
    texts.textOf(40);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
    expect([39, 40].map((seq) => texts.textOf(seq))).toEqual(['{"v":39.00}', undefined]);
    expect(requests).toHaveLength(1);
    vi.advanceTimersByTime(3_000);
    texts.textOf(40);
    expect(requests).toHaveLength(2);
    expect(texts.textOf(39)).toBe('{"v":39.00}');
  } finally {
    vi.useRealTimers();
  }
});

test("records of another epoch are not shown", async () => {
  const { texts, onChange } = served({ epoch: "e2" });
  texts.textOf(40);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  expect(texts.textOf(40)).toBeUndefined();
  texts.setEpoch("e2", 100);
  texts.textOf(40);
  await vi.waitFor(() => expect(texts.textOf(40)).toBe('{"v":40.00}'));
  texts.setEpoch("e3", 100);
  expect(texts.textOf(40)).toBeUndefined();
});
