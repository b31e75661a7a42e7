/**
 * Saves what is visible: the chart as an image, the records as CSV, and reports what could not be saved. Loaded on
 * demand.
 */

import { takePicture } from "../chart/picture";
import type { Api } from "../client/api";
import type { TimeRange } from "../history_cache/time_range";
import type { LiveChart } from "../live_chart";
import { LOCALE } from "../locale";
import { feedOf } from "../player/replay_state";
import { type CsvProblem, saveCsv, savePng } from "../saving";
import { strings } from "../strings";
import { onDemandStrings } from "../strings/on_demand";

/** Reports to the user. */
type Announce = (text: string) => void;

/** Saves the picture that is shown. */
export function savePicture({ player, chart, visibleRange }: LiveChart, announce: Announce): void {
  const [topic = ""] = player.topics;
  const { to } = visibleRange;
  takePicture(chart, strings.title(player.topics.join(", "), feedOf(player))).then(
    (picture) => savePng(picture, topic, to),
    () => announce(onDemandStrings.pictureFailed),
  );
}

/** The records to save. */
interface WantedRecords {
  readonly api: Api;
  readonly topics: readonly string[];
  readonly range: TimeRange;
}

/** Saves the records of a range. */
export async function saveRecords({ api, topics, range }: WantedRecords, announce: Announce): Promise<void> {
  const { rows, problem } = await saveCsv(api, topics, range);
  if (problem !== undefined) announce(problemText(problem, rows));
  else if (rows === 0) announce(onDemandStrings.csvEmpty);
}

function problemText(problem: CsvProblem, rows: number): string {
  switch (problem) {
    case "too-long":
      return onDemandStrings.csvTooLong(new Intl.NumberFormat(LOCALE).format(rows));
    case "other-epoch":
      return onDemandStrings.csvOtherEpoch;
    case "failed":
      return onDemandStrings.csvFailed;
  }
}
