// A card with a request in several languages, one shown at a time, and a button that copies it.

import { button, element } from "./elements.js";

export class SnippetPanel {
  #snippets = {};
  #language = "curl";

  constructor() {
    this.code = element("code");
    this.languages = element("div", { class: "segments", role: "group", "aria-label": "Language" });
    this.copy = button("Copy", () => this.#copy());
    this.node = element(
      "section",
      { class: "card snippets", "aria-labelledby": "snippets-title" },
      element(
        "header",
        {},
        element("h2", { id: "snippets-title" }, "The same from elsewhere"),
        this.languages,
        this.copy,
      ),
      element("pre", { tabindex: 0, "aria-label": "The request", role: "region" }, this.code),
    );
  }

  /** Show these texts, by language. */
  show(snippets) {
    this.#snippets = snippets;
    if (!this.languages.children.length) this.#buildLanguages();
    this.code.textContent = snippets[this.#language];
  }

  #buildLanguages() {
    const buttons = Object.keys(this.#snippets).map((language) =>
      button(
        language,
        () => {
          this.#language = language;
          for (const each of buttons)
            each.setAttribute("aria-pressed", String(each.textContent === language));
          this.code.textContent = this.#snippets[language];
        },
        { "aria-pressed": String(language === this.#language) },
      ),
    );
    this.languages.append(...buttons);
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      this.copy.textContent = "Copied";
    } catch {
      // Not allowed here: selected, it is one keystroke away.
      getSelection().selectAllChildren(this.code);
      this.copy.textContent = "Selected";
    }
    setTimeout(() => (this.copy.textContent = "Copy"), 1500);
  }
}
