/** Fetches the names of the hub's topics, once; when to refresh them is up to the caller. */

/** A request that takes longer counts as failed. */
const TIMEOUT_MS = 5_000;

/** The names in the hub's order; undefined if the request failed or the response is malformed. */
export async function fetchTopicNames(hub: string): Promise<readonly string[] | undefined> {
  try {
    const response = await fetch(`${hub}/api/v1/topics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { topics } = (await response.json()) as { topics: readonly { name: string }[] };
    return topics.map(({ name }) => name);
  } catch {
    return undefined;
  }
}
