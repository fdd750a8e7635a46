// Two pictures at one scale and place: side by side, or the result over the original with a slider.

import { button, element } from "./elements.js";

const MOST_SCALE = 64;
// From here on pixels are shown as squares.
const PIXELATED = 2;
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

class Pane {
  constructor(name) {
    this.sheet = element("div", { class: "sheet" });
    this.frame = element("div", { class: "frame" });
    this.inner = element("div", { class: "inner" }, this.sheet, this.frame);
    this.node = element(
      "figure",
      { class: `pane ${name.toLowerCase()}` },
      this.inner,
      element("figcaption", {}, name),
    );
  }

  show(canvas, x, y) {
    this.canvas = canvas;
    canvas.style.left = `${x}px`;
    canvas.style.top = `${y}px`;
    this.sheet.replaceChildren(canvas);
  }
}

export class Stage {
  #view = { scale: 1, x: 0, y: 0, fitted: true };
  #bounds = { x: 0, y: 0, width: 1, height: 1 };
  #offset = { x: 0, y: 0 };
  #marks = null;

  /** `on.probe({row, column})` tells the pixel of the result that is pointed at. */
  constructor(on) {
    this.on = on;
    this.original = new Pane("Original");
    this.result = new Pane("Result");
    this.wipe = element("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      class: "wipe",
      "aria-label": "How much of the original is shown, in percent",
      oninput: () => this.#clip(),
    });
    this.panes = element(
      "div",
      {
        class: "panes",
        tabindex: 0,
        role: "application",
        "aria-label": "Pictures. Arrow keys move over pixels, plus and minus zoom, 0 fits.",
      },
      this.original.node,
      this.result.node,
    );
    this.percent = element("output", { class: "percent" }, "100 %");
    const zoom = element(
      "div",
      { class: "zoom" },
      button("−", () => this.zoomBy(0.5), { "aria-label": "Zoom out" }),
      this.percent,
      button("+", () => this.zoomBy(2), { "aria-label": "Zoom in" }),
      button("Fit", () => this.fit()),
    );
    this.tools = element("div", { class: "tools" }, zoom);
    this.node = element("div", { class: "stage", "data-look": "beside" }, this.panes, this.wipe, this.tools);
    this.#listen();
    new ResizeObserver(() => (this.#view.fitted ? this.fit() : this.#place())).observe(this.panes);
  }

  setLook(look) {
    this.node.dataset.look = look;
    this.#clip();
    this.fit();
  }

  setOriginal(canvas) {
    const same =
      this.original.canvas?.width === canvas.width && this.original.canvas?.height === canvas.height;
    this.original.show(canvas, 0, 0);
    this.result.sheet.replaceChildren();
    this.result.canvas = null;
    this.#setBounds();
    if (!same) this.fit();
  }

  /** Show a result whose first pixel lies `offset` pixels from the original's. */
  setResult(canvas, offset) {
    this.#offset = offset;
    this.result.show(canvas, offset.x, offset.y);
    this.#setBounds();
  }

  #setBounds() {
    const { original, result } = this;
    const [w, h] = [original.canvas.width, original.canvas.height];
    const { x, y } = result.canvas ? this.#offset : { x: 0, y: 0 };
    const right = Math.max(w, x + (result.canvas?.width ?? 0));
    const bottom = Math.max(h, y + (result.canvas?.height ?? 0));
    const bounds = { x: Math.min(0, x), y: Math.min(0, y) };
    this.#bounds = { ...bounds, width: right - bounds.x, height: bottom - bounds.y };
    this.panes.style.setProperty("--shape", `${this.#bounds.width} / ${this.#bounds.height}`);
    if (this.#view.fitted) this.fit();
    else this.#place();
  }

  fit() {
    const { clientWidth, clientHeight } = this.original.inner;
    if (!this.original.canvas || !clientWidth) return;
    const { x, y, width, height } = this.#bounds;
    const scale = Math.min(clientWidth / width, clientHeight / height, MOST_SCALE);
    this.#view = {
      scale,
      x: (clientWidth - width * scale) / 2 - x * scale,
      y: (clientHeight - height * scale) / 2 - y * scale,
      fitted: true,
    };
    this.#place();
  }

  /** Zoom, keeping a point of the pane where it is: its middle, or the probe, if none is given. */
  zoomBy(factor, at = this.#middle()) {
    const { scale, x, y } = this.#view;
    const next = Math.min(MOST_SCALE, Math.max(0.05, scale * factor));
    const ratio = next / scale;
    this.#view = { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio, fitted: false };
    this.#place();
  }

  #middle() {
    const { clientWidth, clientHeight } = this.original.inner;
    const { scale, x, y } = this.#view;
    if (!this.#marks) return { x: clientWidth / 2, y: clientHeight / 2 };
    const { row, column } = this.#marks.pixel;
    return { x: x + (column + this.#offset.x + 0.5) * scale, y: y + (row + this.#offset.y + 0.5) * scale };
  }

  #place() {
    const { scale, x, y } = this.#view;
    for (const { sheet } of [this.original, this.result]) {
      sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      sheet.classList.toggle("pixelated", scale >= PIXELATED);
    }
    this.percent.textContent = `${Math.round(100 * scale)} %`;
    this.node.classList.toggle("zoomed", !this.#view.fitted);
    this.#frame();
  }

  /** Frame the samples under the kernel in the original, and the pixel in the result. */
  mark(marks) {
    this.#marks = marks;
    this.#frame();
  }

  #frame() {
    const marks = this.#marks;
    for (const { frame } of [this.original, this.result]) frame.hidden = !marks;
    if (!marks) return;
    const { row, column } = marks.pixel;
    this.#frameAt(this.original.frame, marks.left, marks.top, marks.width, marks.height);
    this.#frameAt(this.result.frame, column + this.#offset.x, row + this.#offset.y, 1, 1);
  }

  #frameAt({ style }, left, top, width, height) {
    const { scale, x, y } = this.#view;
    style.left = `${x + left * scale}px`;
    style.top = `${y + top * scale}px`;
    style.width = `${Math.max(width * scale, 5)}px`;
    style.height = `${Math.max(height * scale, 5)}px`;
  }

  #clip() {
    const share = this.node.dataset.look === "slider" ? this.wipe.value : 0;
    this.result.inner.style.clipPath = `inset(0 0 0 ${share}%)`;
    this.node.style.setProperty("--share", `${share}%`);
  }

  #pointed(event) {
    const box = this.#paneOf(event).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #paneOf(event) {
    return event.target.closest?.(".inner") ?? this.original.inner;
  }

  #probe(row, column) {
    const canvas = this.result.canvas;
    if (!canvas) return;
    const inside = row >= 0 && column >= 0 && row < canvas.height && column < canvas.width;
    if (inside) this.on.probe({ row, column });
  }

  #listen() {
    let dragged = null;
    this.panes.addEventListener("pointerdown", (event) => {
      this.#probeAt(this.#pointed(event));
      if (event.button || this.#view.fitted) return;
      dragged = { x: event.clientX - this.#view.x, y: event.clientY - this.#view.y };
      this.panes.setPointerCapture(event.pointerId);
    });
    this.panes.addEventListener("pointermove", (event) => {
      if (dragged) {
        this.#view = { ...this.#view, x: event.clientX - dragged.x, y: event.clientY - dragged.y };
        this.#place();
      } else this.#probeAt(this.#pointed(event));
    });
    for (const end of ["pointerup", "pointercancel"])
      this.panes.addEventListener(end, () => (dragged = null));
    this.panes.addEventListener("dblclick", (event) => this.zoomBy(4, this.#pointed(event)));
    // The plain wheel scrolls the page; with Ctrl, as a pinch on a touchpad is told, it zooms.
    this.panes.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoomBy(2 ** (-event.deltaY / 100), this.#pointed(event));
      },
      { passive: false },
    );
    this.panes.addEventListener("keydown", (event) => this.#key(event));
  }

  #probeAt({ x, y }) {
    const { scale } = this.#view;
    const column = Math.floor((x - this.#view.x) / scale) - this.#offset.x;
    this.#probe(Math.floor((y - this.#view.y) / scale) - this.#offset.y, column);
  }

  #key(event) {
    const canvas = this.result.canvas;
    const keys = {
      "+": () => this.zoomBy(2),
      "=": () => this.zoomBy(2),
      "-": () => this.zoomBy(0.5),
      0: () => this.fit(),
    };
    const step = ARROWS[event.key];
    if (step && canvas) {
      const from = this.#marks?.pixel ?? { row: canvas.height >> 1, column: canvas.width >> 1 };
      const far = event.shiftKey ? 10 : 1;
      this.#probe(from.row + far * step[0], from.column + far * step[1]);
    } else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  }
}
