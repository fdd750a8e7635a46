// The kernel's way over the signal: a slider, and a button that moves it.

import { button, element } from "./elements.js";

const SECONDS = 8;

/** Controls for a share 0 to 1; `onmove(share)` may answer with a sentence, which is shown. */
export class Sliding {
  #frame = 0;

  constructor({ position, onmove }) {
    this.onmove = onmove;
    this.position = position;
    this.slider = element("input", {
      type: "range",
      min: 0,
      max: 1,
      step: "any",
      value: position,
      "aria-label": "Place of the kernel",
    });
    this.slider.addEventListener("input", () => {
      this.stop();
      this.#moveTo(Number(this.slider.value));
    });
    // Who asked for less motion gets steps instead.
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.play = button(this.calm ? "Step" : "Play", () => this.#toggle(), { class: "primary" });
    this.text = element("p", { class: "note" });
    this.node = element("div", { class: "sliding" }, this.play, this.slider, this.text);
  }

  #moveTo(position) {
    this.position = position;
    this.slider.value = position;
    this.text.textContent = this.onmove(position);
  }

  /** Say again what is so at the present place. */
  refresh() {
    this.#moveTo(this.position);
  }

  #toggle() {
    if (this.calm) this.#moveTo(this.position >= 1 ? 0 : Math.min(1, this.position + 0.05));
    else if (this.#frame) this.stop();
    else this.#start();
  }

  #start() {
    const from = this.position >= 0.999 ? 0 : this.position;
    let began = null;
    this.play.textContent = "Pause";
    const step = (now) => {
      began ??= now;
      const position = Math.min(1, from + (now - began) / 1000 / SECONDS);
      this.#moveTo(position);
      if (position < 1) this.#frame = requestAnimationFrame(step);
      else this.stop();
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop() {
    if (!this.#frame) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.play.textContent = "Play";
  }
}
