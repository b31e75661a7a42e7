/**
 * What is put into a page before any script of its own: its clocks go wrong, and a recorder that knows the true time
 * writes down what the page draws. All pages of a machine share one clock; without this a page that merely asked it
 * for the time would look perfect.
 *
 * Disguised are `performance.now` and `timeOrigin`, `Date`, the timestamps of animation frames and of events, and
 * `document.timeline`: every clock a page is likely to ask. The rate of timers stays: 50 millionths of a wait are nothing.
 */

export interface Disguise {
  /** What the recorder is called in the page's global scope: drawn by chance, so that the page cannot know it. */
  readonly name: string;
  /** Page time begins here, in milliseconds. */
  readonly shiftMs: number;
  /** By how much the page's date is off. */
  readonly wallShiftMs: number;
  /** How much too fast its clocks run: 50e-6 is 50 millionths. */
  readonly drift: number;
}

/** One drawn frame, as the recorder and the page saw it. The order of the columns of `Recording.frames`. */
export const FRAME = ["at", "drawnAt", "playhead", "seq", "hubTime", "errorMs", "delayMs", "late"] as const;
/** One publication that arrived. `t` is in milliseconds. */
export const ARRIVAL = ["at", "seq", "t"] as const;

/** Rows one after the other. `at` and `drawnAt` are true time since the page's time origin; all is in milliseconds. */
export interface Recording {
  readonly frames: number[];
  readonly arrivals: number[];
}

export interface Recorder {
  now(): number;
  read(): Recording;
}

/** For the page, not for the tool: it must need nothing from outside itself. */
export function disguise({ name, shiftMs, wallShiftMs, drift }: Disguise): void {
  const trueOrigin = performance.timeOrigin;
  const trueNow = performance.now.bind(performance);
  const shifted = (at: number) => shiftMs + at * (1 + drift);
  const wall = () => trueOrigin + wallShiftMs + trueNow() * (1 + drift);

  const replaceGetter = (of: object, key: string, get: (original: () => number) => number) => {
    const original = Object.getOwnPropertyDescriptor(of, key)?.get;
    if (original === undefined) throw new Error(`no getter of ${key} to disguise`);
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
    // Several callbacks of one frame: the last one's word counts.
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
      // The first listener is called first: before the page has spent any time on the message.
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
