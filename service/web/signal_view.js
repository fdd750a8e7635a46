// The view of signals: source, kernel, options, the three plots, and the same as code.

import { postJson } from "./api.js";
import { Busy } from "./busy.js";
import { element } from "./elements.js";
import { KernelPanel } from "./kernel_panel.js";
import { shortForm } from "./kernel_spec.js";
import { Latest } from "./latest.js";
import { optionsPanel, SIGNAL_OPTIONS } from "./options_panel.js";
import { clearProblem, showProblem } from "./problems.js";
import { SignalPlots } from "./signal_plots.js";
import { signalSourcePanel } from "./signal_source_panel.js";
import { signalOf } from "./signal_sources.js";
import { Sliding } from "./sliding.js";
import { SnippetPanel } from "./snippet_panel.js";
import { jsonSnippets } from "./snippets.js";

const PATH = "v1/signals/convolve";
const STANDARD = { operation: "convolve", mode: "same", boundary: "constant", fill_value: 0 };

/** The body of the request for these settings, without what holds anyway. */
export function bodyOf(settings) {
  const options = Object.entries(STANDARD)
    .filter(([name, standard]) => settings[name] !== standard)
    .map(([name]) => [name, settings[name]]);
  return { signal: signalOf(settings), kernel: shortForm(settings.kernel), ...Object.fromEntries(options) };
}

export class SignalView {
  #sketched = null;

  constructor({ store, catalogue, origin, signal }) {
    Object.assign(this, { store, origin });
    this.busy = new Busy(() => this.latest.cancel());
    this.latest = new Latest((aborted) => this.#convolve(aborted), {
      start: () => this.busy.start(),
      done: (answer) => this.#show(answer),
      failed: (error) => showProblem(this.node, error, this.busy.problems),
      end: () => this.busy.end(),
    });
    this.kernels = new KernelPanel({
      catalogue,
      dimensions: 1,
      kernel: store.settings.kernel,
      on: { kernel: (kernel) => store.set({ kernel: structuredClone(kernel) }) },
    });
    this.plots = new SignalPlots({
      draw: (index, value) => this.#draw(index, value),
      drawEnd: () => this.#drawn(),
    });
    this.sliding = new Sliding({
      position: store.settings.position,
      onmove: (position) => {
        store.set({ position: Number(position.toFixed(3)) }, { quiet: true });
        return this.plots.move(position);
      },
    });
    this.snippets = new SnippetPanel();
    this.node = element(
      "div",
      { class: "signal-view" },
      element(
        "section",
        { class: "card show", "aria-label": "Plots" },
        this.sliding.node,
        this.plots.node,
        this.busy.node,
      ),
      element(
        "div",
        { class: "controls" },
        signalSourcePanel(store),
        this.kernels.node,
        optionsPanel(SIGNAL_OPTIONS, store),
      ),
      element("div", { class: "below" }, this.snippets.node),
    );
    signal.addEventListener("abort", () => {
      this.latest.cancel();
      this.sliding.stop();
    });
    store.subscribe((_, quiet) => quiet || this.#renew());
    this.#renew();
  }

  repaint() {
    this.kernels.repaint();
  }

  #renew() {
    this.snippets.show(jsonSnippets({ origin: this.origin, path: PATH, body: bodyOf(this.store.settings) }));
    this.latest.request();
  }

  async #convolve(aborted) {
    const settings = structuredClone(this.store.settings);
    const body = bodyOf(settings);
    const answer = await postJson(`${PATH}?include=kernel`, body, aborted);
    return {
      signal: body.signal,
      result: answer.result,
      taps: answer.kernel.kernels[0].values,
      plan: answer.plan,
      settings,
    };
  }

  #show(answer) {
    clearProblem(this.node);
    this.plots.show(answer);
    this.sliding.refresh();
    this.busy.say(`${answer.result.length} samples, ${answer.plan.method}`);
  }

  #draw(index, value) {
    this.#sketched ??= { values: signalOf(this.store.settings), last: null };
    const { values, last } = this.#sketched;
    // A quick hand skips samples; those between lie on a line.
    const [from, start] = last ?? [index, value];
    const count = Math.abs(index - from) || 1;
    for (let step = 0; step <= count; step += 1) {
      const place = from + Math.round(((index - from) * step) / count);
      values[place] = Number((start + ((value - start) * step) / count).toFixed(3));
    }
    this.#sketched.last = [index, value];
    this.plots.sketch(values);
  }

  #drawn() {
    if (!this.#sketched) return;
    const { values } = this.#sketched;
    this.#sketched = null;
    this.store.set({ source: "own", values });
  }
}
