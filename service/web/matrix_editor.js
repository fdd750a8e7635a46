// A kernel as a grid of cells to type in, to move about in with the arrow keys, and to paste into.

import { element, freshId } from "./elements.js";
import { colourOf, css, inkOn, peakOf } from "./palette.js";
import { readNumber, readRows } from "./pasted_numbers.js";

export const MOST_CELLS = 15;

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class MatrixEditor {
  #rows;
  #line;
  #onchange;

  /**
   * An editor for `values`, rows of numbers; `onchange` gets all rows after each change.
   * With `line` there is one row alone, as for a signal.
   */
  constructor({ values, line = false, onchange }) {
    this.#rows = values.map((row) => [...row]);
    this.#line = line;
    this.#onchange = onchange;
    this.grid = element("div", { class: "matrix", role: "group", "aria-label": "Numbers of the kernel" });
    this.note = element("p", { class: "note", "aria-live": "polite" });
    this.height = sizeInput("Rows", (count) => this.#resize(count, this.#rows[0].length));
    this.width = sizeInput(line ? "Taps" : "Columns", (count) => this.#resize(this.#rows.length, count));
    this.node = element(
      "div",
      { class: "field", "data-pointer": "/kernel/values" },
      element("div", { class: "sizes" }, line ? null : this.height.node, this.width.node),
      this.grid,
      element("p", { class: "note" }, "Cells of a spreadsheet can be pasted; 1/9 will do for a number."),
      this.note,
    );
    this.#build();
  }

  #change(rows) {
    this.#rows = rows;
    this.#build();
    this.#onchange(rows);
  }

  #resize(height, width) {
    const cell = (i, j) => this.#rows[i]?.[j] ?? 0;
    const row = (i) => Array.from({ length: width }, (_, j) => cell(i, j));
    this.#change(Array.from({ length: height }, (_, i) => row(i)));
  }

  #build() {
    const rows = this.#rows;
    this.grid.style.setProperty("--columns", rows[0].length);
    this.grid.replaceChildren(...rows.flatMap((row, i) => row.map((value, j) => this.#cell(value, i, j))));
    this.height.input.value = rows.length;
    this.width.input.value = rows[0].length;
    this.#colour();
  }

  #cell(value, i, j) {
    return element("input", {
      value: String(Number(value.toPrecision(6))),
      "aria-label": `Row ${i + 1}, column ${j + 1}`,
      oninput: (event) => this.#type(event.target, i, j),
      onkeydown: (event) => this.#move(event, i, j),
      onfocus: (event) => event.target.select(),
      onpaste: (event) => this.#paste(event),
    });
  }

  #colour() {
    const peak = peakOf(this.#rows) || 1;
    this.#rows.flat().forEach((value, index) => {
      const background = colourOf((0.75 * value) / peak);
      const { style } = this.grid.children[index];
      style.background = css(background);
      style.color = inkOn(background);
    });
  }

  #type(cell, i, j) {
    const value = readNumber(cell.value);
    cell.setAttribute("aria-invalid", String(Number.isNaN(value)));
    if (Number.isNaN(value)) return;
    this.#rows[i][j] = value;
    this.#colour();
    this.#onchange(this.#rows);
  }

  #move(event, i, j) {
    const step = ARROWS[event.key];
    if (!step) return;
    const [row, column] = [i + step[0], j + step[1]];
    const [height, width] = [this.#rows.length, this.#rows[0].length];
    if (row < 0 || column < 0 || row >= height || column >= width) return;
    event.preventDefault();
    this.grid.children[row * width + column].focus();
  }

  #paste(event) {
    const text = event.clipboardData.getData("text");
    // A single number goes into its cell as any text does.
    if (!/[\t,;\s[]/.test(text.trim())) return;
    event.preventDefault();
    event.stopPropagation();
    this.note.textContent = this.#pasted(text);
  }

  /** Take the numbers in a text, and say what became of them. */
  #pasted(text) {
    let rows;
    try {
      rows = readRows(text);
    } catch (error) {
      return `Not pasted: ${error.message}.`;
    }
    if (this.#line) rows = [rows.flat()];
    const [height, width] = [rows.length, rows[0].length];
    if (rows.some((row) => row.length !== width)) return "Not pasted: the rows must be equally long.";
    if (Math.max(height, width) > MOST_CELLS)
      return `Not pasted: at most ${MOST_CELLS} × ${MOST_CELLS} fit here.`;
    this.#change(rows);
    return `Pasted ${height} × ${width} numbers.`;
  }
}

function sizeInput(label, onchange) {
  const id = freshId("size");
  const input = element("input", { type: "number", id, min: 1, max: MOST_CELLS });
  input.addEventListener("change", () =>
    onchange(Math.min(MOST_CELLS, Math.max(1, Math.round(Number(input.value)) || 1))),
  );
  return { input, node: element("label", { for: id }, label, " ", input) };
}
