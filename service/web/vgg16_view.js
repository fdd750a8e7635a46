// The view of VGG16: a layer's filters, one of them large, and what the layer sees in a picture.

import { getJson, postForm } from "./api.js";
import { Busy } from "./busy.js";
import { button, element, plainNumber } from "./elements.js";
import { choiceField, numberField, toggleField } from "./fields.js";
import { Latest } from "./latest.js";
import { paintGray } from "./palette.js";
import { readSample } from "./picture.js";
import { clearProblem, showProblem } from "./problems.js";
import { toHash } from "./state.js";

// The network is fed blue, green, red.
const FIRST_CHANNELS = [
  ["0", "blue"],
  ["1", "green"],
  ["2", "red"],
  ["mean", "mean"],
];
const MAPS = 16;

/** Filter `index` of weights (height, width, 1, filters) as rows. */
const filterOf = (weights, index, transpose) => {
  const rows = weights.map((row) => row.map((cell) => cell[0][index]));
  return transpose ? rows[0].map((_, column) => rows.map((row) => row[column])) : rows;
};

function paint(canvas, rows) {
  const all = rows.flat();
  paintGray(canvas, rows, Math.min(...all), Math.max(...all));
}

export class Vgg16View {
  #weights = null;

  constructor({ store, shared, network, signal }) {
    Object.assign(this, { store, shared, network });
    this.busy = new Busy(() => this.latest.cancel());
    const told = {
      start: () => this.busy.start(),
      failed: (error) => showProblem(this.node, error, this.busy.problems),
      end: () => this.busy.end(),
    };
    this.latest = new Latest(
      (aborted) => this.#load(aborted),
      { ...told, done: (answer) => this.#show(answer) },
      60,
    );
    this.seeing = new Latest(
      (aborted) => this.#see(aborted),
      { ...told, done: (answer) => this.#showMaps(answer) },
      0,
    );
    this.#build();
    store.subscribe((_, quiet) => quiet || this.latest.request());
    signal.addEventListener("abort", () => [this.latest, this.seeing].forEach((each) => each.cancel()));
    this.latest.request();
  }

  get #layer() {
    return (
      this.network.layers.find((each) => each.name === this.store.settings.layer) ?? this.network.layers[0]
    );
  }

  #build() {
    const { store, network } = this;
    const here = network.layers.filter((each) => each.weights !== "missing");
    const missing = network.layers.length - here.length;
    this.channel = element("div");
    const layer = choiceField({
      label: "Layer",
      pointer: "/layer",
      value: store.settings.layer,
      options: here.map(({ name, filters, channels }) => [
        name,
        `${name}: ${filters} filters of ${channels} channels`,
      ]),
      onchange: (name) => {
        store.set({ layer: name, channel: "0", filter: -1 });
        this.#buildChannel();
      },
    });
    const transpose = toggleField({
      label: "Transposed, as the notebook draws them",
      value: store.settings.transpose,
      onchange: (value) => store.set({ transpose: value }),
    });
    this.filters = element("div", { class: "filters", role: "group", "aria-label": "Filters" });
    this.large = element(
      "section",
      { class: "card large", "aria-live": "polite" },
      element("p", { class: "note" }, "Choose a filter to see its numbers, and to use it on a picture."),
    );
    this.maps = element("div", { class: "maps" });
    const see = button("Show what this layer sees in my picture", () => this.seeing.request(), {
      class: "primary",
    });
    this.node = element(
      "div",
      { class: "vgg16-view" },
      element(
        "section",
        { class: "card show", "aria-label": "Filters of the layer" },
        this.filters,
        this.busy.node,
      ),
      element(
        "div",
        { class: "controls" },
        element(
          "section",
          { class: "card" },
          element("h2", {}, "Layer"),
          layer,
          this.channel,
          transpose,
          missing
            ? element(
                "p",
                { class: "note" },
                `${missing} more layers have no weights here; the API's documentation says how to get them.`,
              )
            : null,
        ),
        this.large,
      ),
      element(
        "div",
        { class: "below" },
        element(
          "section",
          { class: "card", "aria-labelledby": "maps-title" },
          element("h2", { id: "maps-title" }, "Feature maps"),
          element(
            "p",
            { class: "note" },
            `The first ${MAPS} maps of the layer for the picture of the tab Picture: bright where a filter finds what it looks for.`,
          ),
          see,
          this.maps,
        ),
        element(
          "p",
          { class: "note credit" },
          `Weights: ${network.attribution}, `,
          element("a", { href: network.license.url }, network.license.name),
          ".",
        ),
      ),
    );
    this.#buildChannel();
  }

  #buildChannel() {
    const { channels } = this.#layer;
    const { store } = this;
    const common = {
      label: "Channel",
      pointer: "/channel",
      onchange: (value) => store.set({ channel: String(value) }),
    };
    const field =
      channels === 3
        ? choiceField({ ...common, value: store.settings.channel, options: FIRST_CHANNELS })
        : numberField({
            ...common,
            value: Number(store.settings.channel) || 0,
            whole: true,
            range: { min: 0, max: channels - 1, step: 1 },
          });
    this.channel.replaceChildren(field);
  }

  repaint() {}

  async #load(aborted) {
    const { name, filters } = this.#layer;
    const { channel } = this.store.settings;
    const query = new URLSearchParams({ format: "json", channel, count: filters });
    return { ...(await getJson(`v1/vgg16/${name}/filters?${query}`, aborted)), name, count: filters };
  }

  #show({ weights, name, count }) {
    clearProblem(this.node);
    this.#weights = weights;
    const { transpose, filter } = this.store.settings;
    const cells = Array.from({ length: count }, (_, index) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      paint(canvas, filterOf(weights, index, transpose));
      return element(
        "button",
        {
          type: "button",
          "aria-label": `Filter ${index}`,
          "aria-pressed": String(index === filter),
          onclick: () => this.#choose(index),
        },
        canvas,
      );
    });
    this.filters.replaceChildren(...cells);
    this.filters.classList.toggle("many", count > 64);
    this.busy.say(`${count} filters of ${name}`);
    if (filter >= 0 && filter < count) this.#showFilter(filter);
  }

  #choose(index) {
    this.store.set({ filter: index }, { quiet: true });
    [...this.filters.children].forEach((each, place) =>
      each.setAttribute("aria-pressed", String(place === index)),
    );
    this.#showFilter(index);
  }

  async #showFilter(index) {
    const { layer, channel } = this.store.settings;
    const rows = filterOf(this.#weights, index, false);
    const canvas = element("canvas", { role: "img", "aria-label": `Filter ${index}, drawn` });
    paint(canvas, rows);
    const numbers = element(
      "table",
      { class: "plain" },
      rows.map((row) =>
        element(
          "tr",
          {},
          row.map((each) => element("td", {}, plainNumber(each))),
        ),
      ),
    );
    const use = element("a", { class: "button primary", hidden: true }, "Use it on my picture");
    this.large.replaceChildren(
      element("h2", {}, `Filter ${index}`),
      element("div", { class: "portrait" }, canvas, numbers),
      element(
        "p",
        { class: "note" },
        "The network lays a filter on as it is. As a kernel it is turned around, since convolution turns it back.",
      ),
      use,
    );
    try {
      const kernel = await getJson(`v1/vgg16/${layer}/filters/${index}?channel=${channel}`);
      use.href = toHash("picture", { kernel, absolute: false, scaling: "minmax" });
      use.hidden = false;
    } catch (error) {
      showProblem(this.node, error, this.busy.problems);
    }
  }

  async #see(aborted) {
    this.shared.picture ??= await readSample("ascent");
    const fields = [
      ["image", this.shared.picture.file],
      ["count", String(MAPS)],
      ["columns", "4"],
    ];
    const progress = (share) => this.busy.sent(share);
    const path = `v1/vgg16/${this.#layer.name}/activations?format=png`;
    const { blob } = await postForm(path, fields, { signal: aborted, progress });
    return { blob, name: this.#layer.name };
  }

  #showMaps({ blob, name }) {
    clearProblem(this.node);
    const url = URL.createObjectURL(blob);
    const image = element("img", {
      src: url,
      alt: `${MAPS} feature maps of ${name} for ${this.shared.picture.name}`,
    });
    image.addEventListener("load", () => URL.revokeObjectURL(url));
    this.maps.replaceChildren(image);
  }
}
