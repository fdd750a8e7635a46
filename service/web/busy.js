// That something is under way: a bar, how much is sent, a way to cancel; and what came of it.

import { button, element } from "./elements.js";

export class Busy {
  constructor(cancel) {
    this.bar = element("progress", { "aria-label": "Progress", hidden: true });
    this.text = element("p", { class: "status", role: "status" });
    this.cancel = button("Cancel", cancel, { class: "quiet", hidden: true });
    this.problems = element("div", { class: "problems" });
    this.node = element("div", { class: "busy" }, this.bar, this.text, this.cancel, this.problems);
  }

  start() {
    this.node.classList.add("running");
    this.bar.hidden = this.cancel.hidden = false;
    this.bar.removeAttribute("value");
  }

  /** The share of the upload that is done. */
  sent(share) {
    // A bar without a value says only that something goes on: now it's computed.
    if (share < 1) this.bar.value = share;
    else this.bar.removeAttribute("value");
  }

  end() {
    this.node.classList.remove("running");
    this.bar.hidden = this.cancel.hidden = true;
  }

  say(text) {
    this.text.textContent = text;
  }
}
