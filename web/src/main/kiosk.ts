/**
 * A screen on a wall: it must not go dark by itself. Keeps the device awake while it is one and somebody can see it;
 * browsers take that back whenever the page is hidden.
 */

export class Kiosk {
  #isOn: boolean;
  #lock: WakeLockSentinel | undefined;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
    document.addEventListener("visibilitychange", () => void this.#follow());
    void this.#follow();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  toggle(): void {
    this.#isOn = !this.#isOn;
    void this.#follow();
  }

  async #follow(): Promise<void> {
    if (!this.#isOn) {
      await this.#lock?.release();
      this.#lock = undefined;
    } else if (!document.hidden && (this.#lock === undefined || this.#lock.released)) {
      // Missing without TLS, refused when the battery is low: the wall then sleeps as its owner has set it.
      this.#lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
      // Switched off while the browser was asked.
      if (!this.#isOn) await this.#follow();
    }
  }
}
