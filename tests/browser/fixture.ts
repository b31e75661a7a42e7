/** A fixture for the tests of one file: a hub, a browser, and the pages opened by a test, which are closed after it. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Hub, type HubSettings } from "./hub";
import { launchBrowser, Screen } from "./screen";

/**
 * A topic that began ten minutes ago at a fixed instant: it has a history, and its epoch survives a restart of the hub.
 */
export const WITH_HISTORY: HubSettings = {
  TICKCAST__TOPICS__ECG__START: `"${new Date(Date.now() - 600_000).toISOString()}"`,
};

export interface Fixture {
  readonly browser: Browser;
  /** Assignable, for the same hub after a restart. */
  hub: Hub;
  open(query?: string, options?: BrowserContextOptions): Promise<Screen>;
}

export function fixture(start: () => Promise<Hub> = () => Hub.start(WITH_HISTORY)): Fixture {
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
      return started(hub);
    },
    set hub(again) {
      hub = again;
    },
    get browser() {
      return started(browser);
    },
    async open(query = "", options = {}) {
      const screen = await Screen.open(started(browser), `${started(hub).url}/${query}`, options);
      screens.push(screen);
      return screen;
    },
  };
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the fixture is only available inside tests");
  return value;
}
