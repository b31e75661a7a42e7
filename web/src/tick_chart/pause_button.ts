/** The pause button: an icon, with a label for screen readers. */

import type { ViewState } from "../page";
import { strings } from "../strings";
import { setAttribute } from "../view/parts";

const SVG = "http://www.w3.org/2000/svg";
const BARS = "M8.5 6v12M15.5 6v12";
const TRIANGLE = "M9 6.5v11l8.5-5.5z";

export class PauseButton {
  readonly element: HTMLButtonElement;
  readonly #path = document.createElementNS(SVG, "path");

  constructor(element: HTMLButtonElement, onPress: () => void) {
    this.element = element;
    element.type = "button";
    element.onclick = () => element.ariaDisabled !== "true" && onPress();
    const image = document.createElementNS(SVG, "svg");
    setAttribute(image, "viewBox", "0 0 24 24");
    setAttribute(image, "aria-hidden", "true");
    image.append(this.#path);
    element.append(image);
    this.show({ isPaused: false, canPause: false });
  }

  show({ isPaused, canPause }: Pick<ViewState, "isPaused" | "canPause">): void {
    const name = isPaused ? strings.resume : strings.pause;
    setAttribute(this.#path, "d", isPaused ? TRIANGLE : BARS);
    setAttribute(this.element, "aria-label", name);
    setAttribute(this.element, "title", name);
    // Not really disabled: that would take the focus away from the user who has just pressed it.
    setAttribute(this.element, "aria-disabled", String(!canPause));
  }
}
