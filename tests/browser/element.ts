/** Helpers for `<tick-chart>` in an embedding page, as its users and its author see it. */

import type { Page } from "playwright-core";

/** Waits until the text of a part of the element matches. */
export async function reads(
  page: Page,
  part: string,
  pattern: RegExp,
  element = "tick-chart",
): Promise<void> {
  await page.waitForFunction(
    ([name, selector, source]) => {
      const inside = document.querySelector(selector as string)?.shadowRoot;
      return new RegExp(source as string).test(inside?.querySelector(`.${name}`)?.textContent?.trim() ?? "");
    },
    [part, element, pattern.source],
    { polling: "raf", timeout: 30_000 },
  );
}

export async function isLive(page: Page, element?: string): Promise<void> {
  await reads(page, "badge", /^Replay$/, element);
  await reads(page, "value", /\d/, element);
}

/** Waits until the picture has changed. */
export async function moves(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const canvas = document.querySelector("tick-chart")?.shadowRoot?.querySelector("canvas");
      const picture = canvas?.toDataURL();
      const { body } = document;
      body.dataset.picture ??= picture ?? "";
      return picture !== undefined && picture !== body.dataset.picture;
    },
    undefined,
    { polling: "raf", timeout: 30_000 },
  );
}

/** Sets an attribute of the page's element. */
export function set(page: Page, name: string, value: string): Promise<void> {
  return page.evaluate(
    ([attribute, text]) => document.querySelector("tick-chart")?.setAttribute(attribute, text),
    [name, value] as const,
  );
}
