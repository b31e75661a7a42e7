/** Records from the hub's history API, to compare with what a page shows. */

export interface Item {
  readonly seq: number;
  /** Microseconds. */
  readonly t: number;
  readonly data: Readonly<Record<string, number>>;
}

/** The record with this `seq`. */
export async function recordAt(hub: string, topic: string, seq: number): Promise<Item> {
  const [item] = await history(hub, topic, `from=${seq}&to=${seq}`);
  if (item === undefined) throw new Error(`the hub has no record ${seq} of \`${topic}\``);
  return item;
}

/** All records of a range, hub time in milliseconds, both ends inclusive. */
export function recordsIn(hub: string, topic: string, from: number, to: number): Promise<readonly Item[]> {
  const micros = (instant: number) => Math.round(instant * 1000);
  return history(hub, topic, `from_t=${micros(from)}&to_t=${micros(to)}&limit=100000`);
}

async function history(hub: string, topic: string, query: string): Promise<readonly Item[]> {
  const answer = await fetch(`${hub}/api/v1/topics/${topic}/history?${query}`);
  if (!answer.ok) throw new Error(`the hub answers ${answer.status} to \`${query}\``);
  return ((await answer.json()) as { items: readonly Item[] }).items;
}
