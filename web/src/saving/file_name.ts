/** File names for downloads: safe on every system, and sorted by time when sorted by name. */

/** Reserved device names on Windows, whatever follows the first dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
/** Leaves room for instant and extension on every file system. */
const TOPIC_LEN_MAX = 100;

/** `ecg-2026-11-23T08-06-28.713Z.csv`: colons are forbidden in names on some systems. */
export function fileName(topic: string, instant: number, ending: "csv" | "png"): string {
  const iso = new Date(Math.floor(instant)).toISOString().replaceAll(":", "-");
  return `${safe(topic)}-${iso}.${ending}`;
}

function safe(topic: string): string {
  const plain = topic
    .replace(/[^\w.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, TOPIC_LEN_MAX);
  // `con.ecg-…` is a device too: only the part before the first dot counts.
  const isDevice = DEVICES.test(plain.split(".")[0] as string);
  return plain === "" || isDevice ? `topic-${plain}` : plain;
}
