/**
 * The records of a topic as the hub spells them, by `seq`: those that arrived over the connection, and earlier ones from
 * the history, which are fetched when they are wanted. A few requests bring the neighbours too, for lists.
 */

import { topicPath } from "../client/api";
import type { HttpResponse } from "../client/runtime";
import { requestFrom } from "../hub_request";
import { elementText, memberText } from "../topic_buffer/json_text";
import type { RecordLog } from "../topic_buffer/record_log";
import type { OpenTexts, TextReader, TextReaderOptions } from "./topic_subscription";

/** Records in one request; fewer of long records. */
const BLOCK_MAX = 32;
const BLOCK_BYTES = 256 * 1024;
/** Blocks kept: more than one screen shows. */
const BLOCKS_MAX = 16;
/** Records that are missing in an answer, because they are not due yet or it failed, are asked for again after this. */
const RETRY_MS = 3_000;
const TIMEOUT_MS = 15_000;

/** Records next to each other. */
interface RecordBlock {
  readonly texts: Map<number, string>;
  /** Page time from when a missing record may be requested; infinite while a request is under way. */
  retryAt: number;
}

export const openTexts: OpenTexts = (options) => new RecordTexts(options);

export class RecordTexts implements TextReader {
  readonly #options: TextReaderOptions;
  /** By the number of the block; the oldest first. */
  readonly #blocks = new Map<number, RecordBlock>();
  #epoch = "";
  #blockLen = BLOCK_MAX;

  constructor(options: TextReaderOptions) {
    this.#options = options;
  }

  /** Call before each reading: another epoch has other records. `recordMax` is the length of the longest record. */
  setEpoch(epoch: string, recordMax: number): void {
    const blockLen = Math.max(1, Math.min(BLOCK_MAX, Math.floor(BLOCK_BYTES / Math.max(1, recordMax))));
    if (epoch === this.#epoch && blockLen === this.#blockLen) return;
    this.#epoch = epoch;
    this.#blockLen = blockLen;
    this.#blocks.clear();
  }

  /** The text of a record; undefined if it is not here, and then it is requested. */
  textOf(seq: number): string | undefined {
    const logged = loggedText(this.#options.log, seq);
    if (logged !== undefined || this.#epoch === "") return logged;
    const block = this.#block(Math.floor(seq / this.#blockLen));
    const text = block.texts.get(seq);
    if (text === undefined && performance.now() >= block.retryAt) void this.#request(seq, block);
    return text;
  }

  #block(number: number): RecordBlock {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const block = { texts: new Map<number, string>(), retryAt: Number.NEGATIVE_INFINITY };
    this.#blocks.set(number, block);
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_MAX) break;
      this.#blocks.delete(old);
    }
    return block;
  }

  async #request(seq: number, block: RecordBlock): Promise<void> {
    block.retryAt = Number.POSITIVE_INFINITY;
    const { api, topic, onChange } = this.#options;
    const epoch = this.#epoch;
    const first = seq - (seq % this.#blockLen);
    const range = `from=${Math.max(1, first)}&to=${first + this.#blockLen - 1}`;
    const path = `${topicPath(topic)}/history?${range}&limit=${this.#blockLen}&format=ndjson`;
    const read = (response: HttpResponse) => readTexts(response, epoch, block.texts);
    await requestFrom(api, path, read, { timeoutMs: TIMEOUT_MS }).reply;
    block.retryAt = performance.now() + RETRY_MS;
    onChange();
  }
}

/** The text of a record in the log; undefined if it is not kept. */
export function loggedText(log: RecordLog, seq: number): string | undefined {
  const frame = log.frameOf(seq);
  const data = frame && memberText(frame.text, "data");
  if (frame === undefined || data === undefined) return undefined;
  return frame.message === "data" ? data : elementText(data, seq - frame.first);
}

/** Fills `texts` with the records of an answer; with none if they are of another epoch. */
async function readTexts(response: HttpResponse, epoch: string, texts: Map<number, string>): Promise<void> {
  const lines = (await response.text()).split("\n");
  if (response.headers.get("tickcast-epoch") !== epoch) return;
  for (const line of lines) {
    const data = memberText(line, "data");
    if (data !== undefined) texts.set(Number(memberText(line, "seq")), data);
  }
}
