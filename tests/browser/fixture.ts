/**
 * What the tests of one file need: outside programs, a hub, a browser, and the pages opened by a test, which are closed
 * after it.
 */

import { appendFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, type TestAPI, test } from "vitest";
import { Hub, type HubSettings } from "./hub";
import { find, type Program, pathOf } from "./programs";
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

/**
 * `test`, for tests that need these programs. If one is missing, they are skipped on a developer's machine, which is
 * reported, and the file fails in continuous integration.
 */
export function testWith(...programs: readonly Program[]): TestAPI {
  const missing = programs.find((program) => find(program) === undefined);
  if (missing === undefined) return test;
  if (process.env.CI) pathOf(missing);
  const file = relative(resolve(import.meta.dirname, "../.."), expect.getState().testPath ?? "");
  const reason = `\`${missing}\` is missing`;
  console.warn(`skipped ${file}: ${reason}`);
  // tests/tools/run.sh lists them at the end.
  if (process.env.SKIPPED_TESTS) appendFileSync(process.env.SKIPPED_TESTS, `${reason}\t${file}\n`);
  return test.skip as TestAPI;
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the fixture is only available inside tests");
  return value;
}
