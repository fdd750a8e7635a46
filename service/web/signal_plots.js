// The notebook's three plots, one above the other, with the kernel at its place over the signal.

import { drawn, element, plainNumber } from "./elements.js";
import { areaOf, frame, pathOf, spanOf } from "./line_plot.js";
import { insideIndex, offsetOf, resultAt } from "./neighbourhood.js";

export class SignalPlots {
  #answer = null;
  #position = 0;
  #width = 0;

  /** `draw(index, value)` is told where one draws on the signal, `drawEnd()` that it's done. */
  constructor({ draw, drawEnd }) {
    this.draw = draw;
    this.drawEnd = drawEnd;
    const plot = (title) => {
      const body = element("div", { class: "plot" });
      return { body, node: element("figure", {}, element("figcaption", {}, title), body) };
    };
    this.signal = plot("Signal, and the kernel turned around at its place");
    this.kernel = plot("Kernel = filter response");
    this.result = plot("Convolved signal");
    this.node = element("div", { class: "plots" }, this.signal.node, this.kernel.node, this.result.node);
    this.#listen();
    // Drawn for the width there is, so that the numbers on the axes can be read on a phone.
    const redraw = () =>
      this.#answer && this.signal.body.clientWidth !== this.#width && this.show(this.#answer);
    new ResizeObserver(redraw).observe(this.node);
  }

  /** Show a signal with its taps and result, as `settings` made it. */
  show(answer) {
    this.#answer = answer;
    const { signal, taps, result, settings } = answer;
    const offset = offsetOf(settings.mode, taps.length);
    const width = Math.max(280, this.signal.body.clientWidth);
    this.#width = width;
    const domain = [Math.min(0, offset), Math.max(signal.length, offset + result.length) - 1];
    const range = spanOf(signal);
    this.top = this.#fill(this.signal, {
      title: `Signal of ${signal.length} samples`,
      domain,
      range,
      width,
      height: 190,
    });
    this.middle = this.#fill(this.kernel, {
      title: `Kernel of ${taps.length} taps`,
      domain: [0, domain[1] - domain[0]],
      range: spanOf(taps),
      width,
      height: 120,
    });
    this.bottom = this.#fill(this.result, {
      title: `Result of ${result.length} samples`,
      domain,
      range: spanOf(result),
      width,
      height: 190,
    });
    this.#line(this.top, "line", pathOf(signal, 0, this.top.scale));
    this.#line(this.middle, "line kernel", pathOf(taps, 0, this.middle.scale));
    this.#line(this.bottom, "line faint", pathOf(result, offset, this.bottom.scale));
    this.products = this.#line(this.top, "products", "");
    this.sliding = this.#line(this.top, "line kernel", "");
    this.sofar = this.#line(this.bottom, "line", "");
    this.dot = drawn("circle", { r: 5, class: "dot" });
    this.bottom.svg.append(this.dot);
    this.move(this.#position);
  }

  #fill(place, of) {
    const made = frame(of);
    place.body.replaceChildren(made.svg);
    return made;
  }

  #line({ svg }, name, path) {
    const line = drawn("path", { class: name, d: path });
    svg.append(line);
    return line;
  }

  /** Move the kernel to a share of its way, 0 to 1; gives a sentence on the sum there. */
  move(position) {
    this.#position = position;
    if (!this.#answer) return "";
    const { signal, taps, result, settings } = this.#answer;
    const index = Math.round(position * (result.length - 1));
    const { mode, boundary, operation, fill_value: fill } = settings;
    const { left, samples, parts, value } = resultAt({
      row: 0,
      column: index,
      height: 1,
      width: signal.length,
      sample: (_, column) => signal[column],
      kernels: [[taps]],
      combine: null,
      mode,
      boundary,
      operation,
      fill,
    });
    const [top, bottom] = [this.top.scale, this.bottom.scale];
    const peak = parts[0].taps[0].reduce((most, each) => Math.max(most, Math.abs(each)), 0) || 1;
    const reach = Math.max(...signal.map(Math.abs)) || 1;
    const tall = (row) => row.map((each) => (each * reach) / peak);
    this.sliding.setAttribute("d", pathOf(tall(parts[0].taps[0]), left, top));
    this.products.setAttribute(
      "d",
      areaOf(tall(parts[0].products[0].map((each) => each / reach)), left, top),
    );
    const offset = offsetOf(mode, taps.length);
    this.sofar.setAttribute("d", pathOf(result.slice(0, index + 1), offset, bottom));
    this.dot.setAttribute("cx", bottom.x(offset + index));
    this.dot.setAttribute("cy", bottom.y(result[index]));
    const outside = samples[0].filter((_, i) => left + i < 0 || left + i >= signal.length).length;
    const beyond = outside ? `, ${outside} of the ${taps.length} samples from beyond the border` : "";
    return `Sample ${index}: the products sum to ${plainNumber(value, 4)}${beyond}.`;
  }

  #listen() {
    let drawing = false;
    const at = (event) => {
      const svg = this.top.svg;
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const index = Math.round(this.top.scale.index(point.x));
      this.draw(insideIndex(index, this.#answer.signal.length, "edge"), this.top.scale.value(point.y));
    };
    this.signal.body.addEventListener("pointerdown", (event) => {
      if (!this.#answer) return;
      drawing = true;
      this.signal.body.setPointerCapture(event.pointerId);
      at(event);
    });
    this.signal.body.addEventListener("pointermove", (event) => drawing && at(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.signal.body.addEventListener(end, () => {
        if (drawing) this.drawEnd();
        drawing = false;
      });
    }
  }

  /** Redraw the signal's line alone, while one draws on it. */
  sketch(signal) {
    this.top.svg.querySelector(".line").setAttribute("d", pathOf(signal, 0, this.top.scale));
  }
}
