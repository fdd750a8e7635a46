// The view of pictures: source, stage, kernel, options, lens, and the same as code.

import { postForm } from "./api.js";
import { Busy } from "./busy.js";
import { button, element } from "./elements.js";
import { choiceField } from "./fields.js";
import { KernelPanel } from "./kernel_panel.js";
import { partsOf } from "./kernel_spec.js";
import { Latest } from "./latest.js";
import { showLens } from "./lens.js";
import { offsetOf, resultAt } from "./neighbourhood.js";
import { optionsPanel, PICTURE_OPTIONS } from "./options_panel.js";
import { canvasOf, readPicture, readSample, sampler } from "./picture.js";
import { fieldsOf } from "./picture_request.js";
import { pictureSource, takeFromAnywhere } from "./picture_source.js";
import { clearProblem, showProblem } from "./problems.js";
import { SnippetPanel } from "./snippet_panel.js";
import { pictureSnippets } from "./snippets.js";
import { Stage } from "./stage.js";

const PATH = "v1/images/convolve";
const COLOURS = [
  ["0", "red"],
  ["1", "green"],
  ["2", "blue"],
];

export class PictureView {
  #facts = null;
  #place = null;
  #shown = 0;
  #result = null;

  /** `shared.picture` is kept from view to view; `signal` is aborted when this one goes. */
  constructor({ store, shared, catalogue, origin, signal }) {
    Object.assign(this, { store, shared, origin });
    this.busy = new Busy(() => this.latest.cancel());
    this.latest = new Latest((aborted) => this.#convolve(aborted), {
      start: () => this.busy.start(),
      done: (answer) => this.#show(answer),
      failed: (error) => showProblem(this.node, error, this.busy.problems),
      end: () => this.busy.end(),
    });
    this.stage = new Stage({ probe: (place) => this.#probe(place) });
    this.source = pictureSource({
      take: (file, name) => this.#take(() => readPicture(file, { name })),
      takeSample: () => this.#take(() => readSample("ascent")),
    });
    this.kernels = new KernelPanel({
      catalogue,
      dimensions: 2,
      kernel: store.settings.kernel,
      on: {
        kernel: (kernel) => store.set({ kernel: structuredClone(kernel) }),
        facts: (facts) => this.#takeFacts(facts),
      },
    });
    this.snippets = new SnippetPanel();
    this.#build();
    takeFromAnywhere((file, name) => this.#take(() => readPicture(file, { name })), signal);
    signal.addEventListener("abort", () => this.latest.cancel());
    store.subscribe((_, quiet) => quiet || this.#renew());
    this.#take(() => (shared.picture ? Promise.resolve(shared.picture) : readSample("ascent")));
  }

  #build() {
    const { store, stage } = this;
    const look = choiceField({
      label: "Compare",
      value: store.settings.look,
      options: [
        ["beside", "Side by side"],
        ["slider", "Slider"],
      ],
      onchange: (value) => {
        stage.setLook(value);
        store.set({ look: value }, { quiet: true });
      },
    });
    this.download = element("a", { class: "button", hidden: true }, "Download");
    stage.tools.prepend(look);
    stage.tools.append(this.download);
    stage.setLook(store.settings.look);
    this.lensText = element(
      "div",
      { class: "lens-text" },
      element(
        "p",
        { class: "note" },
        "Point at a pixel, or use the arrow keys on the pictures, and see where its number comes from.",
      ),
    );
    this.lensChannel = element("div", {});
    // On a phone the card sticks where the pictures begin.
    new ResizeObserver(() => this.node.style.setProperty("--above", `${stage.node.offsetTop}px`)).observe(
      this.source.node,
    );
    const title = element("h2", { id: "lens-title" }, "One pixel");
    this.node = element(
      "div",
      { class: "picture-view" },
      element(
        "section",
        { class: "card show", "aria-label": "Picture" },
        this.source.node,
        stage.node,
        this.busy.node,
      ),
      element("div", { class: "controls" }, this.kernels.node, optionsPanel(PICTURE_OPTIONS, store)),
      element(
        "div",
        { class: "below" },
        element(
          "section",
          { class: "card lens", "aria-labelledby": "lens-title" },
          element("header", {}, title, this.lensChannel),
          this.lensText,
        ),
        this.snippets.node,
      ),
    );
  }

  repaint() {
    this.kernels.repaint();
    this.#showLens();
  }

  async #take(read) {
    try {
      const picture = await read();
      clearProblem(this.node);
      this.shared.picture = picture;
      this.source.show(picture);
      this.stage.setOriginal(picture.canvas);
      this.#result = null;
      this.#place = null;
      this.#buildLensChannel();
      this.#renew();
    } catch (error) {
      showProblem(this.node, error, this.busy.problems);
    }
  }

  #buildLensChannel() {
    const many = !this.shared.picture.gray && this.store.settings.channels === "keep";
    const choice = () =>
      choiceField({
        label: "Channel",
        value: String(this.#shown),
        options: COLOURS,
        onchange: (value) => {
          this.#shown = Number(value);
          this.#showLens();
        },
      });
    if (many === Boolean(this.lensChannel.children.length)) return;
    this.lensChannel.replaceChildren(...(many ? [choice()] : []));
  }

  #renew() {
    const { picture } = this.shared;
    if (!picture) return;
    this.#buildLensChannel();
    this.snippets.show(
      pictureSnippets({
        origin: this.origin,
        path: PATH,
        picture,
        fields: fieldsOf(this.store.settings),
        result: "convolved.png",
      }),
    );
    this.latest.request();
  }

  async #convolve(signal) {
    const settings = structuredClone(this.store.settings);
    const progress = (share) => this.busy.sent(share);
    const form = [["image", this.shared.picture.file], ...fieldsOf(settings)];
    const { blob, header } = await postForm(`${PATH}?format=png`, form, { signal, progress });
    return {
      blob,
      canvas: await canvasOf(blob),
      settings,
      plan: header("Convolution-Plan"),
      timing: header("Server-Timing"),
    };
  }

  #show({ blob, canvas, settings, plan, timing }) {
    clearProblem(this.node);
    this.#result = { canvas, settings };
    this.#align();
    URL.revokeObjectURL(this.download.href);
    this.download.href = URL.createObjectURL(blob);
    this.download.download = `convolved-${this.shared.picture.name.replace(/\.\w+$/, "")}.png`;
    this.download.hidden = false;
    const method = plan?.split(";")[0] ?? "";
    const took = /convolve;dur=([\d.]+)/.exec(timing ?? "")?.[1];
    this.busy.say(
      `${canvas.width} × ${canvas.height}, ${method}, convolved in ${Number(took ?? 0).toFixed(1)} ms`,
    );
  }

  /** Lay the result over the original; where it lies, the kernel's size says. */
  #align() {
    if (!this.#result || !this.#facts) return;
    const { canvas, settings } = this.#result;
    const { kernels } = partsOf(this.#facts);
    const [height, width] = [kernels[0].length, kernels[0][0].length];
    this.#place ??= { row: canvas.height >> 1, column: canvas.width >> 1 };
    this.stage.setResult(canvas, { x: offsetOf(settings.mode, width), y: offsetOf(settings.mode, height) });
    this.#showLens();
  }

  #takeFacts(facts) {
    this.#facts = facts;
    this.#align();
  }

  #probe(place) {
    this.#place = place;
    this.#showLens();
  }

  #showLens() {
    const { picture } = this.shared;
    const place = this.#place;
    if (!place || !this.#facts || !this.#result) return;
    const { canvas, settings } = this.#result;
    if (place.row >= canvas.height || place.column >= canvas.width) return;
    if (picture.translucent && settings.alpha === "premultiplied") {
      this.lensText.replaceChildren(
        element(
          "p",
          { class: "note" },
          "Premultiplied colours are weighed by each pixel's transparency, which this lens doesn't show.",
        ),
      );
      return;
    }
    const { kernels, combine } = partsOf(this.#facts);
    const [height, width] = [kernels[0].length, kernels[0][0].length];
    const { mode, boundary, operation } = settings;
    const found = resultAt({
      ...place,
      height: picture.height,
      width: picture.width,
      kernels,
      combine,
      mode,
      boundary,
      operation,
      fill: settings.fill_value,
      sample: sampler(picture, settings.channels, this.#shown),
    });
    this.stage.mark({ pixel: place, left: found.left, top: found.top, width, height });
    const [shown] = canvas
      .getContext("2d")
      .getImageData(place.column, place.row, 1, 1)
      .data.subarray(this.#shown % 3);
    const channel = this.lensChannel.children.length ? COLOURS[this.#shown][1] : "";
    showLens(this.lensText, {
      place,
      channel,
      found,
      shown,
      options: { ...settings, combine, kernelBias: settings.kernel.bias },
    });
  }
}
