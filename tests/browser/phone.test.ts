/** The page on the narrowest phones: nothing cut off, nothing overlapping, everything reachable. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true };

const FIELDS = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `${name}_temperature_of_the_coolant`);

const house = fixture(() =>
  Hub.startFrom({
    "tickcast.toml": `
      [topics.ecg]
      dataset = "one.json"
      rate = 20.0
      [topics.ecg.fields.value]
      label = "Electrocardiogram, lead MLII"
      unit = "µV"
      [topics.machine-with-a-long-name-in-the-basement]
      dataset = "many.json"
      rate = 20.0
    `,
    "one.json": Array.from({ length: 50 }, (_, i) => ({ value: -1_234_567 + 1000 * i })),
    "many.json": Array.from({ length: 50 }, (_, i) =>
      Object.fromEntries(FIELDS.map((name, j) => [name, 1000 * Math.sin(i / (j + 2))])),
    ),
  }),
);

/** What is wrong with the layout: elements outside the screen, texts that are cut off, and controls that overlap. */
function faultsOf(screen: Screen): Promise<string[]> {
  return screen.page.evaluate(() => {
    const layer = document.querySelector(":popover-open, dialog[open]") ?? document.body;
    const nameOf = (element: Element) =>
      `${element.tagName} ${element.getAttribute("data-part") ?? element.className} “${element.textContent?.trim().slice(0, 30)}”`;
    const isForEyes = (element: Element) =>
      element.checkVisibility({ visibilityProperty: true }) &&
      element.closest(".aside, svg, [aria-hidden]") === null;
    const shown = [...layer.querySelectorAll("*")].filter(isForEyes);
    const isScrolled = (element: Element) => element.closest(".scroll, .legend") !== null;
    const faults: string[] = [];
    for (const element of shown) {
      const { left, right, width } = element.getBoundingClientRect();
      if (width > 1 && !isScrolled(element) && (left < -0.5 || right > innerWidth + 0.5))
        faults.push(`outside: ${nameOf(element)}`);
      const isCut =
        getComputedStyle(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
      // A long name of a topic ends with an ellipsis; its title has the rest.
      if (isCut && width > 1 && !element.matches('.scroll, [data-part="topic"], input'))
        faults.push(`cut off: ${nameOf(element)}`);
    }
    // What a list has scrolled away lies behind its neighbours, but is not seen there.
    const controls = shown.filter(
      (element) =>
        !isScrolled(element) &&
        element.matches("button, a, input:not([type=checkbox])") &&
        !element.matches(".topic button"),
    );
    for (const [i, one] of controls.entries())
      for (const other of controls.slice(i + 1)) {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 1 && !one.contains(other))
          faults.push(`overlap: ${nameOf(one)}, ${nameOf(other)}`);
      }
    if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
    return faults;
  });
}

/** Whether each control can be scrolled to and hit. */
function unreachable(screen: Screen): Promise<string[]> {
  return screen.page.evaluate(() => {
    const layer = document.querySelector(":popover-open, dialog[open]") ?? document.body;
    const controls = [...layer.querySelectorAll("button, a, input")].filter((element) =>
      element.checkVisibility(),
    );
    return controls.flatMap((control) => {
      control.scrollIntoView({ block: "center", inline: "center" });
      const { left, top, width, height } = control.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      const isHit =
        hit !== null && (control.contains(hit) || hit.closest("label")?.contains(control) === true);
      return isHit ? [] : [`${control.textContent?.trim() || control.getAttribute("data-part")}`];
    });
  });
}

const VIEWS = [
  ["one series", "?topic=ecg"],
  ["a window that is no preset", "?topic=ecg&window=12.5s"],
  ["eight series", "?topic=machine-with-a-long-name-in-the-basement"],
  ["several topics", "?topic=ecg,machine-with-a-long-name-in-the-basement"],
  ["a topic that does not exist", "?topic=a-topic-with-a-long-name-that-does-not-exist"],
] as const;

test.each(VIEWS)("a phone of 320 px shows %s in full", async (_, search) => {
  const screen = await house.open(search, PHONE);
  await screen.reads("state-text", /^(Live|Not available|Replay)$/);
  expect(await faultsOf(screen)).toEqual([]);
  expect(await unreachable(screen)).toEqual([]);
});

test("a phone of 320 px shows a paused view, its panels and its dialogs in full", async () => {
  const screen = await house.open("?topic=ecg,machine-with-a-long-name-in-the-basement", PHONE);
  await screen.becomes("live");
  await screen.click("pause");
  await screen.becomes("paused");
  expect(await faultsOf(screen)).toEqual([]);
  for (const panel of ["menu-open", "topics-open", "sync-open"]) {
    await screen.page.$eval(`[data-part="${panel}"]`, (button) => (button as HTMLElement).click());
    await screen.page.waitForSelector(":popover-open");
    expect(await faultsOf(screen), panel).toEqual([]);
    expect(await unreachable(screen), panel).toEqual([]);
    await screen.press("Escape");
  }
  for (const item of ["Show as table", "Keyboard shortcuts and help"]) {
    await screen.choose(item);
    await screen.page.waitForSelector("dialog[open]");
    expect(await faultsOf(screen), item).toEqual([]);
    expect(await unreachable(screen), item).toEqual([]);
    await screen.page.click("dialog[open] >> text=Close");
  }
});
