/** Which topics the hub has. Asks once; when to ask again is the caller's business. */

/** An answer that takes longer is taken for none. */
const TIMEOUT_MS = 5_000;

/** The names, in the hub's order; undefined: no answer, or none that makes sense. */
export async function available(hub: string): Promise<readonly string[] | undefined> {
  try {
    const answer = await fetch(`${hub}/api/v1/topics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { topics } = (await answer.json()) as { topics: readonly { name: string }[] };
    return topics.map(({ name }) => name);
  } catch {
    return undefined;
  }
}
