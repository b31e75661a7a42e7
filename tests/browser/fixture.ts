/** For the tests of one file: a hub, a browser, and the pages that a test opens, which are closed after it. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Hub, type Settings } from "./hub";
import { launchBrowser, Screen } from "./screen";

/** A topic that began ten minutes ago at a fixed instant: there is a past to look at, and its epoch outlives the hub. */
export const WITH_A_PAST: Settings = {
  TICKCAST__TOPICS__ECG__START: `"${new Date(Date.now() - 600_000).toISOString()}"`,
};

export interface Fixture {
  readonly browser: Browser;
  /** May be replaced by the same hub, started again. */
  hub: Hub;
  open(query?: string, options?: BrowserContextOptions): Promise<Screen>;
}

export function fixture(start: () => Promise<Hub> = () => Hub.start(WITH_A_PAST)): Fixture {
  const screens: Screen[] = [];
  let [hub, browser]: [Hub?, Browser?] = [];

  beforeAll(async () => {
    [hub, browser] = await Promise.all([start(), launchBrowser()]);
  });
  afterEach(async () => {
    await Promise.all(screens.splice(0).map((screen) => screen.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.remove();
  });

  return {
    get hub() {
      return there(hub);
    },
    set hub(again) {
      hub = again;
    },
    get browser() {
      return there(browser);
    },
    async open(query = "", options = {}) {
      const screen = await Screen.open(there(browser), `${there(hub).url}/${query}`, options);
      screens.push(screen);
      return screen;
    },
  };
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is there in tests only");
  return value;
}
