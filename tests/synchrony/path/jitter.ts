/**
 * A rougher model of one direction of a path than `delay_model.ts`: normally distributed jitter, a heavy tail, and
 * bursts, during which a queue fills and drains over seconds. Uses seeded randomness; forwards no bytes.
 */

export interface JitterModel {
  readonly floorMs: number;
  /** Standard deviation of the jitter, of which the absolute value is added. */
  readonly sigmaMs: number;
  /** Share of messages with a Pareto-distributed delay on top, of at least `tailMs`. */
  readonly tailShare: number;
  readonly tailMs: number;
  /** The greatest delay of a burst, its length, and the mean time between two. */
  readonly burstMs: number;
  readonly burstLengthMs: number;
  readonly burstEveryMs: number;
}

/** Both directions; they have nothing in common. */
export interface JitterPath {
  readonly up: JitterModel;
  readonly down: JitterModel;
}

/** Heavy: the variance is infinite. */
const PARETO_SHAPE = 1.5;
/** A connection that stalls for longer is lost. */
const TAIL_MAX_MS = 1_000;

/** Returns the delay of a message that is sent at `now`, in milliseconds; call it with ascending times. */
export function jitter(model: JitterModel, random: () => number): (now: number) => number {
  const { floorMs, sigmaMs, tailShare, tailMs, burstMs, burstLengthMs, burstEveryMs } = model;
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  let burst = { from: Number.NEGATIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
  const queued = (now: number): number => {
    if (burst.to === Number.NEGATIVE_INFINITY) burst = { from: now, to: now };
    while (now > burst.to) {
      const from = burst.to + exponential(burstEveryMs);
      burst = { from, to: from + burstLengthMs };
    }
    const progress = (now - burst.from) / (burst.to - burst.from);
    return progress > 0 ? burstMs * Math.sin(Math.PI * progress) : 0;
  };
  return (now) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const tail = random() < tailShare ? tailMs * (1 - random()) ** (-1 / PARETO_SHAPE) : 0;
    return floorMs + Math.abs(normal) * sigmaMs + Math.min(TAIL_MAX_MS, tail) + queued(now);
  };
}
