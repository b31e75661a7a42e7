/**
 * How long a page shows no new record: run by `benches/restarts.py`, with the page's address. It says `live` when the
 * page shows records, begins to measure at the first line of its input, and at the second says for how long, in
 * milliseconds, no frame showed a newer record than the frame before.
 */

import { once } from "node:events";
import { Tab } from "../../tests/browser/tab";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("the page's address is missing");

const tab = await Tab.open(url);
try {
  await tab.until("globalThis.tickcast?.seq > 0");
  await tab.evaluate(`(() => {
    const seen = globalThis.stillness = { seq: 0, at: performance.now(), longest: 0 };
    const look = (now) => {
      const { seq } = globalThis.tickcast;
      if (seq > seen.seq) {
        seen.longest = Math.max(seen.longest, now - seen.at);
        [seen.seq, seen.at] = [seq, now];
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  })()`);
  console.log("live");
  await once(process.stdin, "data");
  await tab.evaluate("globalThis.stillness.longest = 0");
  await once(process.stdin, "data");
  console.log(
    await tab.evaluate<number>(
      "Math.max(globalThis.stillness.longest, performance.now() - globalThis.stillness.at)",
    ),
  );
} finally {
  await tab.close();
}
