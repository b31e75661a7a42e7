/**
 * Installs a clock skew and a recorder in a page before the page's scripts run: the page's clocks are wrong, and the
 * recorder, which knows the true time, logs what the page draws. All pages of a machine share one clock; without the
 * skew, a page that simply trusted it would look perfect.
 *
 * Skewed are `performance.now` and `timeOrigin`, `Date`, the timestamps of animation frames and events, and
 * `document.timeline`: every clock a page is likely to read. Timers are not changed: 50 ppm of a wait is negligible.
 */

export interface ClockSkew {
  /** Name of the recorder in the page's global scope; random, so that the page cannot know it. */
  readonly name: string;
  /** Initial page time in milliseconds. */
  readonly shiftMs: number;
  /** Offset of the page's date. */
  readonly wallShiftMs: number;
  /** Drift of the page's clocks: 50e-6 is 50 ppm fast. */
  readonly drift: number;
}

/** One drawn frame as seen by the recorder and the page: the columns of `Recording.frames`, in order. */
export const FRAME = ["at", "drawnAt", "playhead", "seq", "hubTime", "errorMs", "delayMs", "late"] as const;
/** One publication that arrived; `t` in milliseconds. */
export const ARRIVAL = ["at", "seq", "t"] as const;

/**
 * Rows stored consecutively. `at` and `drawnAt` are true time since the page's time origin; everything is in
 * milliseconds.
 */
export interface Recording {
  readonly frames: number[];
  readonly arrivals: number[];
}

export interface Recorder {
  now(): number;
  read(): Recording;
}

/** Runs in the page: it must not use anything from outside itself. */
export function installClockSkew({ name, shiftMs, wallShiftMs, drift }: ClockSkew): void {
  const trueOrigin = performance.timeOrigin;
  const trueNow = performance.now.bind(performance);
  const shifted = (at: number) => shiftMs + at * (1 + drift);
  const wall = () => trueOrigin + wallShiftMs + trueNow() * (1 + drift);

  const replaceGetter = (of: object, key: string, get: (original: () => number) => number) => {
    const original = Object.getOwnPropertyDescriptor(of, key)?.get;
    if (original === undefined) throw new Error(`cannot replace the getter of ${key}`);
    Object.defineProperty(of, key, {
      configurable: true,
      enumerable: true,
      get() {
        return get(() => original.call(this));
      },
    });
  };
  Performance.prototype.now = () => shifted(trueNow());
  replaceGetter(Performance.prototype, "timeOrigin", () => trueOrigin + wallShiftMs - shiftMs);
  replaceGetter(Event.prototype, "timeStamp", (original) => shifted(original()));
  replaceGetter(AnimationTimeline.prototype, "currentTime", (original) => shifted(original()));
  Date.now = () => Math.floor(wall());
  globalThis.Date = new Proxy(Date, {
    construct: (date, given, target) => Reflect.construct(date, given.length ? given : [wall()], target),
    apply: (date) => new date(wall()).toString(),
  });
  Date.prototype.constructor = Date;

  const frames: number[] = [];
  const arrivals: number[] = [];
  const columns = 8;

  const noteFrame = (at: number): void => {
    const shown = globalThis.tickcast;
    if (shown === undefined || Number.isNaN(shown.playhead)) return;
    // Of several callbacks in one frame, the last one counts.
    if (frames.at(-columns) === at) frames.length -= columns;
    const { playhead, seq, hubOffset, errorMs, delayMs, late } = shown;
    frames.push(at, trueNow(), playhead, seq, shifted(at) + hubOffset, errorMs, delayMs, late);
  };
  const request = requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    request((at) => {
      callback(shifted(at));
      noteFrame(at);
    });

  const noteArrival = ({ data }: MessageEvent): void => {
    const at = trueNow();
    const { type, seq, t, dt, data: records } = JSON.parse(data);
    if (type === "data") arrivals.push(at, seq, t / 1000);
    if (type !== "batch") return;
    for (let i = 0; i < records.length; i += 1) {
      arrivals.push(at, seq + i, (t + (typeof dt === "number" ? dt * i : dt[i])) / 1000);
    }
  };
  window.WebSocket = new Proxy(WebSocket, {
    construct(socket, given, target) {
      const opened = Reflect.construct(socket, given, target) as WebSocket;
      // Added first, so that it runs before the page spends any time on the message.
      opened.addEventListener("message", noteArrival);
      return opened;
    },
  });

  const recorder: Recorder = {
    now: trueNow,
    read: () => ({ frames, arrivals }),
  };
  Object.defineProperty(globalThis, name, { value: recorder });
}
