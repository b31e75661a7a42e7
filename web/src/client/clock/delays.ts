/**
 * What the delays of messages say about the clocks, one direction at a time: how fast the two clocks drift apart, and
 * the shortest delay of a direction, with how far it can still be trusted. Knows no offset between the clocks.
 */

import type { DriftLimits } from "./offset_range.ts";

/** Two quartz clocks left alone rarely drift apart by more than 50 ppm. */
const DRIFT_USUAL = 50e-6;
/** Minimum uncertainty of a fitted slope: quartz drifts with temperature. */
const DOUBT_MIN = 5e-6;
/** Number of standard errors taken as the uncertainty of the slope. */
const SURE = 3;
/** A hub that takes longer and longer to send, because viewers join, looks like a drift of up to this. */
const DECEPTION = 150e-6;
const SLOT_MS = 5_000;
/** 20 s: over a shorter time, a queue that drains looks like drift. */
const SLOTS_MIN = 4;
/** 2 min. */
const SLOTS_MAX = 24;

interface SlotMinimum {
  delay: number;
  at: number;
  readonly until: number;
}

/**
 * Estimates how fast the page's clock and the hub's drift apart, and how certain that is, from the delays of arriving
 * messages: the minima of successive time slots lie on a line.
 */
export class Drift {
  /** Milliseconds gained by the hub's clock per millisecond of page time. */
  rate = 0;
  /** Uncertainty of `rate` as far as the clocks are usual ones. */
  doubt = DRIFT_USUAL;
  /** What the measurement leaves possible; undefined without one. */
  #measured: DriftLimits | undefined;
  readonly #range: { readonly drift: DriftLimits };
  #slots: SlotMinimum[] = [];

  /** `range` knows the limits of what is possible. */
  constructor(range: { readonly drift: DriftLimits }) {
    this.#range = range;
  }

  /**
   * The least and the greatest rate to be reckoned with: what has been measured, or what is possible if that says more.
   * Never what both allow, which would be next to nothing if the measurement is deceived.
   */
  get limits(): DriftLimits {
    const possible = this.#range.drift;
    const measured = this.#measured ?? possible;
    return measured.most - measured.least < possible.most - possible.least ? measured : possible;
  }

  /** Adds a delay towards the page; it shrinks while the hub's clock gains. */
  offer(delay: number, at: number): void {
    const slot = this.#slots.at(-1);
    if (slot === undefined || at >= slot.until) {
      this.#fit();
      this.#slots.push({ delay, at, until: at + SLOT_MS });
      if (this.#slots.length > SLOTS_MAX) this.#slots.shift();
    } else if (delay < slot.delay) {
      slot.delay = delay;
      slot.at = at;
    }
  }

  forget(): void {
    this.#slots = [];
    this.#reset();
  }

  /** Least squares over complete slots. */
  #fit(): void {
    const count = this.#slots.length;
    if (count < SLOTS_MIN) return;
    const mean = (read: (slot: SlotMinimum) => number) =>
      this.#slots.reduce((sum, slot) => sum + read(slot), 0) / count;
    const midAt = mean(({ at }) => at);
    const midDelay = mean(({ delay }) => delay);
    const spread = mean(({ at }) => (at - midAt) ** 2);
    const slope = mean(({ at, delay }) => (at - midAt) * (delay - midDelay)) / spread;
    const noise = mean(({ at, delay }) => (delay - midDelay - slope * (at - midAt)) ** 2);
    this.#trust(-slope, SURE * Math.sqrt(noise / spread / (count - 2)));
  }

  /** Adopts a measured rate, which is uncertain by `uncertainty` either way. */
  #trust(measured: number, uncertainty: number): void {
    const { drift } = this.#range;
    const least = Math.max(drift.least, measured - uncertainty);
    const most = Math.min(drift.most, measured + uncertainty);
    // An impossible rate means that the path has changed, and says nothing about the clocks.
    if (least > most) {
      this.#reset();
      return;
    }
    // An uncertain measurement says less than what is known of clocks: the rate lies between the two by their weights.
    const weight = DRIFT_USUAL ** 2 / (DRIFT_USUAL ** 2 + uncertainty ** 2);
    this.rate = Math.min(most, Math.max(least, measured * weight));
    this.doubt = Math.max(DOUBT_MIN, uncertainty * Math.sqrt(weight), Math.abs(measured - this.rate));
    const either = Math.max(uncertainty, DECEPTION);
    this.#measured = { least: measured - either, most: measured + either };
  }

  #reset(): void {
    this.#measured = undefined;
    this.rate = 0;
    this.doubt = DRIFT_USUAL;
  }
}

/** The minimum delay seen in one direction. */
export class AgingMinimum {
  readonly #drift: Drift;
  readonly #sign: 1 | -1;
  #value = Number.POSITIVE_INFINITY;
  #at = 0;

  /** `sign` says whether the measured delay grows (1) or shrinks (−1) while the hub's clock gains. */
  constructor(drift: Drift, sign: 1 | -1) {
    this.#drift = drift;
    this.#sign = sign;
  }

  /**
   * Offers a sample. Uncertainty grows with age, so a new sample replaces a slightly smaller old one. All samples age
   * at the same rate, so keeping the best one is enough.
   */
  offer(value: number, at: number): void {
    if (value > this.value(at) + this.#blur(at)) return;
    this.#value = value;
    this.#at = at;
  }

  /** The best sample, corrected for drift since it was taken; infinite without samples. */
  value(at: number): number {
    return this.#value + this.#sign * this.#drift.rate * (at - this.#at);
  }

  /** How far usual clocks may have drifted apart beyond the estimate since then. */
  #blur(at: number): number {
    return Math.max(0, at - this.#at) * this.#drift.doubt;
  }

  forget(): void {
    this.#value = Number.POSITIVE_INFINITY;
  }
}
