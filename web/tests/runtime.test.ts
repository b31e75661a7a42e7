/** The default runtime in a page, and in an environment without one. */

import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../src/client/client";
import { defaultRuntime } from "../src/client/runtime";

afterEach(() => vi.unstubAllGlobals());

/** A window with its document, as far as the runtime uses them. */
class Page extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  returns = 0;
  readonly stop: () => void;

  constructor() {
    super();
    vi.stubGlobal("document", this.document);
    vi.stubGlobal("addEventListener", this.addEventListener.bind(this));
    vi.stubGlobal("removeEventListener", this.removeEventListener.bind(this));
    this.stop = defaultRuntime.onReturn(() => {
      this.returns += 1;
    });
  }

  become(visibilityState: string): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

test("without a page nothing is hidden, and the network is available", () => {
  defaultRuntime.onReturn(() => {})();
  expect([defaultRuntime.isHidden(), defaultRuntime.isOnline()]).toEqual([false, true]);
});

test("without a WebSocket the client says what to pass, and uses what is passed", () => {
  vi.stubGlobal("WebSocket", undefined);
  expect(() => new Client({ url: "http://hub" })).toThrow(/no `WebSocket`.*`ws`/);
  const opened: unknown[] = [];
  class Given {
    constructor(url: string, subprotocols: string[]) {
      opened.push([url, subprotocols]);
    }
    send(): void {}
    close(): void {}
  }
  const client = new Client({ url: "http://hub", topic: "ecg", WebSocket: Given });
  client.open();
  client.close();
  expect(opened).toEqual([["ws://hub/ws/ecg", ["tickcast.v1"]]]);
});

test("becoming visible counts as a return, becoming hidden does not", () => {
  const page = new Page();
  page.become("hidden");
  expect([defaultRuntime.isHidden(), page.returns]).toEqual([true, 0]);
  page.become("visible");
  expect([defaultRuntime.isHidden(), page.returns]).toEqual([false, 1]);
});

test("a network that is back counts as a return, even while hidden", () => {
  const page = new Page();
  page.become("hidden");
  page.dispatchEvent(new Event("online"));
  expect(page.returns).toBe(1);
});

test("a page restored from the back/forward cache has returned, one shown for the first time has not", () => {
  const page = new Page();
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  expect(page.returns).toBe(0);
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  expect(page.returns).toBe(1);
});

test("after unsubscribing nothing calls back", () => {
  const page = new Page();
  page.stop();
  page.become("visible");
  page.dispatchEvent(new Event("online"));
  expect(page.returns).toBe(0);
});
