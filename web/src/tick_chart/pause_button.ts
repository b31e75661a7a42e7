/** The button that stops the view or lets it go on: a picture, with its name for those who hear it. */

import type { Facts } from "../page";
import { strings } from "../strings";
import { mark } from "../view/parts";

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
    mark(image, "viewBox", "0 0 24 24");
    mark(image, "aria-hidden", "true");
    image.append(this.#path);
    element.append(image);
    this.show({ isPaused: false, canPause: false });
  }

  show({ isPaused, canPause }: Pick<Facts, "isPaused" | "canPause">): void {
    const name = isPaused ? strings.resume : strings.pause;
    mark(this.#path, "d", isPaused ? TRIANGLE : BARS);
    mark(this.element, "aria-label", name);
    mark(this.element, "title", name);
    // Disabled for real it would lose the focus of whoever has just pressed it.
    mark(this.element, "aria-disabled", String(!canPause));
  }
}
