/**
 * Kiosk mode for wall displays: keeps the screen awake while it is on and the page is visible. Browsers release the
 * wake lock whenever the page is hidden.
 */

export class Kiosk {
  #isOn: boolean;
  #lock: WakeLockSentinel | undefined;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
    document.addEventListener("visibilitychange", () => void this.#updateLock());
    void this.#updateLock();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  toggle(): void {
    this.#isOn = !this.#isOn;
    void this.#updateLock();
  }

  async #updateLock(): Promise<void> {
    if (!this.#isOn) {
      await this.#lock?.release();
      this.#lock = undefined;
    } else if (!document.hidden && (this.#lock === undefined || this.#lock.released)) {
      // Unavailable without TLS, and refused at low battery; the display then sleeps as configured.
      this.#lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
      // Kiosk mode may have been switched off while the request was pending.
      if (!this.#isOn) await this.#updateLock();
    }
  }
}
