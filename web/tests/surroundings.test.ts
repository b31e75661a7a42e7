/** What is taken from a page, and that a place without one will do. */

import { afterEach, expect, test, vi } from "vitest";
import { real } from "../src/client/surroundings";

afterEach(() => vi.unstubAllGlobals());

/** A window with its document, in so far as they are used. */
class Page extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  returns = 0;
  readonly stop: () => void;

  constructor() {
    super();
    vi.stubGlobal("document", this.document);
    vi.stubGlobal("addEventListener", this.addEventListener.bind(this));
    vi.stubGlobal("removeEventListener", this.removeEventListener.bind(this));
    this.stop = real.onReturn(() => {
      this.returns += 1;
    });
  }

  become(visibilityState: string): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

test("without a page nothing is hidden, nobody returns, and the network is there", () => {
  real.onReturn(() => {})();
  expect([real.isHidden(), real.isOnline()]).toEqual([false, true]);
});

test("who looks again returns, and who looks away does not", () => {
  const page = new Page();
  page.become("hidden");
  expect([real.isHidden(), page.returns]).toEqual([true, 0]);
  page.become("visible");
  expect([real.isHidden(), page.returns]).toEqual([false, 1]);
});

test("a network that is back counts as a return, also where nobody looks", () => {
  const page = new Page();
  page.become("hidden");
  page.dispatchEvent(new Event("online"));
  expect(page.returns).toBe(1);
});

test("a page out of the browser's cache has returned; one that is shown first has not", () => {
  const page = new Page();
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  expect(page.returns).toBe(0);
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  expect(page.returns).toBe(1);
});

test("once called off, nothing calls back", () => {
  const page = new Page();
  page.stop();
  page.become("visible");
  page.dispatchEvent(new Event("online"));
  expect(page.returns).toBe(0);
});
