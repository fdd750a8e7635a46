// Choosing a kernel: from the catalogue, with controls for its parameters, or by its numbers.

import { postJson } from "./api.js";
import { button, element, freshId, plainNumber } from "./elements.js";
import { partsOf, rowsOf } from "./kernel_spec.js";
import { Latest } from "./latest.js";
import { MatrixEditor, MOST_CELLS } from "./matrix_editor.js";
import { paintSigned } from "./palette.js";
import { fieldFor } from "./schema_fields.js";

const GENERAL = ["normalize", "rotate", "flip", "scale", "bias", "axes"];
// Of a signal there is nothing to turn.
const FOR_PICTURES = ["rotate", "flip", "axes"];
const OWN = {
  1: [[1, 2, 1]],
  2: [
    [-1, 0, 1],
    [-1, 0, 1],
    [-1, 0, 1],
  ],
};
const FAVOURITES = {
  1: {
    Hann: { name: "hann" },
    Box: { name: "box", size: 15 },
    Gaussian: { name: "gaussian", sigma: 8 },
    "Flat top": { name: "flattop" },
    Slope: { name: "differentiator" },
  },
  2: {
    Blur: { name: "gaussian", sigma: 4 },
    Sharpen: { name: "sharpen" },
    Edges: { name: "sobel" },
    Outline: { name: "outline" },
    Emboss: { name: "emboss" },
    Motion: { name: "motion_blur" },
  },
};

export class KernelPanel {
  #on;
  #dimensions;
  #entries;
  #latest;
  #facts = null;

  /** `on.kernel(kernel)` is told each change, `on.facts(facts)` what the service says of it. */
  constructor({ catalogue, dimensions, kernel, on }) {
    this.#dimensions = dimensions;
    this.#on = on;
    this.#entries = new Map(
      catalogue
        .filter((each) => each.name !== "combination" && (dimensions === 2 || each.dimensions.includes(1)))
        .map((each) => [each.name, each]),
    );
    this.kernel = structuredClone(kernel);
    this.#latest = new Latest(
      (signal) => postJson(`v1/kernels/preview?dimensions=${dimensions}`, this.kernel, signal),
      { done: (facts) => this.#show(facts), failed: () => this.#show(null) },
    );
    this.#build();
    this.#latest.request();
  }

  #build() {
    this.select = this.#chooser();
    this.summary = element("p", { class: "summary" });
    this.canvas = element("canvas", {
      class: "kernel-picture",
      role: "img",
      "aria-label": "The kernel, drawn",
    });
    this.facts = element("p", { class: "facts" });
    this.toMatrix = button("Edit its numbers", () => this.#editNumbers(), { class: "quiet", hidden: true });
    this.parameters = element("div", { class: "parameters" });
    const favourites = Object.entries(FAVOURITES[this.#dimensions]).map(([label, kernel]) =>
      button(label, () => this.choose(kernel), { class: "chip" }),
    );
    const own = button("My own numbers", () => this.#editNumbers(), { class: "chip" });
    const id = freshId("kernel");
    this.select.id = id;
    this.node = element(
      "section",
      { class: "card kernel", "aria-labelledby": `${id}-title` },
      element("h2", { id: `${id}-title` }, "Kernel"),
      element("div", { class: "chips" }, favourites, own),
      element(
        "div",
        { class: "field", "data-pointer": "/kernel" },
        element("label", { for: id, class: "hidden" }, "Kernel of the catalogue"),
        this.select,
      ),
      element(
        "div",
        { class: "portrait" },
        this.canvas,
        element("div", {}, this.summary, this.facts, this.toMatrix),
      ),
      this.parameters,
    );
    this.#buildParameters();
  }

  #chooser() {
    const families = Map.groupBy(this.#entries.values(), (each) => each.family);
    const groups = [...families].map(([family, entries]) =>
      element(
        "optgroup",
        { label: family },
        entries.map(({ name }) =>
          element(
            "option",
            { value: name },
            name === "custom" ? "my own numbers" : name.replaceAll("_", " "),
          ),
        ),
      ),
    );
    const select = element("select", {}, groups);
    select.addEventListener("change", () =>
      select.value === "custom" ? this.#editNumbers() : this.choose({ name: select.value }),
    );
    return select;
  }

  /** Take another kernel. */
  choose(kernel) {
    this.kernel = structuredClone(kernel);
    this.#buildParameters();
    this.#changed();
  }

  /** Draw again what depends on the colours. */
  repaint() {
    this.#show(this.#facts);
    if (this.kernel.name === "custom") this.#buildParameters();
  }

  #changed() {
    this.#latest.request();
    this.#on.kernel(this.kernel);
  }

  #change(name, value, standard) {
    if (JSON.stringify(value) === JSON.stringify(standard ?? null)) delete this.kernel[name];
    else this.kernel[name] = value;
    this.#changed();
  }

  #editNumbers() {
    const shown = this.#facts && partsOf(this.#facts).kernels;
    const fits = shown?.length === 1 && Math.max(shown[0].length, shown[0][0].length) <= MOST_CELLS;
    const rows = fits ? shown[0] : OWN[this.#dimensions];
    this.choose({ name: "custom", values: this.#dimensions === 1 ? rows.flat() : rows });
  }

  #buildParameters() {
    const { name } = this.kernel;
    this.select.value = name;
    const entry = this.#entries.get(name);
    this.summary.textContent =
      name === "custom" ? "Your own: type into the cells below." : (entry?.summary ?? "");
    if (!entry) {
      this.parameters.replaceChildren();
      return;
    }
    const { properties, $defs = {} } = entry.parameters;
    const control = (key) => {
      const standard = properties[key].default;
      const value = this.kernel[key] ?? standard ?? null;
      return fieldFor(key, properties[key], $defs, value, (changed) => this.#change(key, changed, standard));
    };
    const known = Object.keys(properties).filter(
      (key) => key !== "values" && (this.#dimensions === 2 || !FOR_PICTURES.includes(key)),
    );
    const own = known.filter((key) => !GENERAL.includes(key)).map(control);
    const general = known.filter((key) => GENERAL.includes(key));
    const open = general.some((key) => key in this.kernel);
    this.parameters.replaceChildren(
      ...(name === "custom" ? [this.#matrix()] : []),
      ...own,
      element(
        "details",
        { open },
        element("summary", {}, this.#dimensions === 1 ? "Normalise, scale" : "Normalise, turn, scale"),
        general.map(control),
      ),
    );
  }

  #matrix() {
    const line = this.#dimensions === 1;
    return new MatrixEditor({
      values: rowsOf(this.kernel.values),
      line,
      onchange: (rows) => {
        this.kernel.values = line ? rows.flat() : rows.map((row) => [...row]);
        this.#changed();
      },
    }).node;
  }

  #show(facts) {
    this.#facts = facts;
    this.#on.facts?.(facts);
    this.canvas.hidden = !facts;
    this.toMatrix.hidden = true;
    this.facts.textContent = "";
    if (!facts) return;
    const { kernels, combine } = partsOf(facts);
    const [first] = kernels;
    // Those of several stand side by side, with a gap.
    paintSigned(
      this.canvas,
      first.map((_, i) => kernels.slice(0, 2).flatMap((rows, index) => [...(index ? [0] : []), ...rows[i]])),
    );
    const sum = plainNumber((facts.kernels ?? [facts])[0].sum);
    const size = this.#dimensions === 1 ? `${first[0].length} taps` : `${first.length} × ${first[0].length}`;
    this.facts.textContent = combine
      ? `${kernels.length} kernels of ${size}, combined by ${combine}`
      : `${size}, sum ${sum}, rank ${facts.rank}`;
    const small = Math.max(first.length, first[0].length) <= MOST_CELLS;
    this.toMatrix.hidden = combine !== null || !small || this.kernel.name === "custom";
  }
}
