/** What the hub exports of the reports: histograms in `/metrics`, and the audience in the topic's JSON. */

/** One histogram; the last bound is infinite. */
export interface ExportedHistogram {
  readonly bounds: readonly number[];
  /** Values up to each bound. */
  readonly cumulative: readonly number[];
  readonly count: number;
}

export interface ExportedAudience {
  readonly reporting: number;
  readonly bound_p99_us: number | null;
  readonly late_ratio: number | null;
}

/** Reads the histogram of a topic from the text of `/metrics`. */
export function readHistogram(metrics: string, name: string, topic: string): ExportedHistogram {
  const pattern = new RegExp(`^${name}_bucket\\{([^}]*)\\} (\\S+)`, "gm");
  const buckets = [...metrics.matchAll(pattern)]
    .filter(([, labels = ""]) => labels.includes(`topic="${topic}"`))
    .map(([, labels = "", value]) => {
      const bound = /le="([^"]+)"/.exec(labels)?.[1] ?? "";
      return { bound: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound), count: Number(value) };
    })
    .sort((a, b) => a.bound - b.bound);
  if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) throw new Error(`no histogram ${name} of ${topic}`);
  const cumulative = buckets.map(({ count }) => count);
  return { bounds: buckets.map(({ bound }) => bound), cumulative, count: cumulative.at(-1) as number };
}

/** The bucket that contains `value`. */
export function bucketOf({ bounds }: ExportedHistogram, value: number): number {
  return bounds.findIndex((bound) => value <= bound);
}

/** The bucket that contains this quantile, from the counts alone; −1 without values. */
export function quantileBucket({ cumulative, count }: ExportedHistogram, share: number): number {
  return count === 0 ? -1 : cumulative.findIndex((below) => below >= share * count);
}

/** The hub's answers, read from its two listeners. */
export class HubExport {
  readonly #metricsUrl: string;
  readonly #topicUrl: string;
  readonly #topic: string;

  constructor(url: string, opsUrl: string, topic: string) {
    this.#metricsUrl = `${opsUrl}/metrics`;
    this.#topicUrl = `${url}/api/v1/topics/${topic}`;
    this.#topic = topic;
  }

  async metrics(): Promise<string> {
    return (await fetch(this.#metricsUrl)).text();
  }

  async histogram(name: string): Promise<ExportedHistogram> {
    return readHistogram(await this.metrics(), name, this.#topic);
  }

  async audience(): Promise<ExportedAudience> {
    const { audience } = (await (await fetch(this.#topicUrl)).json()) as { audience: ExportedAudience };
    return audience;
  }
}
