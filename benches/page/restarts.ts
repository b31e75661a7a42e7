/**
 * Measures the longest time for which a page shows no new record; run by `benches/restarts.py` with the page's URL. It
 * prints `live` once the page shows records, starts measuring at the first line on standard input, and at the second
 * line prints the longest interval, in milliseconds, between frames with a newer record.
 */

import { once } from "node:events";
import { Tab } from "../../tests/browser/tab";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("the page's address is missing");

const tab = await Tab.open(url);
try {
  await tab.until("globalThis.tickcast?.seq > 0");
  await tab.evaluate(`(() => {
    const seen = globalThis.silence = { seq: 0, at: performance.now(), longest: 0 };
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
  await tab.evaluate("globalThis.silence.longest = 0");
  await once(process.stdin, "data");
  console.log(
    await tab.evaluate<number>(
      "Math.max(globalThis.silence.longest, performance.now() - globalThis.silence.at)",
    ),
  );
} finally {
  await tab.close();
}
