"""The page as its tests handle it: opened, waited for, and asked what it shows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import httpx

# Whatever the policy of the page forbids is told to the page itself.
_WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# What the browser says of an answer like 422 is no fault of the page.
_REFUSED = "Failed to load resource"


class Playground:
    """A page of the playground."""

    def __init__(self, page, url: str) -> None:
        self.page = page
        self.url = url
        self._errors: list[str] = []
        page.add_init_script(_WATCH)
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message) -> None:
        if message.type in ("error", "warning") and _REFUSED not in message.text:
            self._errors.append(message.text)

    def faults(self) -> list[str]:
        """The errors, warnings and violations of the policy so far."""
        return self._errors + self.page.evaluate("window.violations")

    def open(self, view: str = "", **settings: Any) -> Playground:
        """Open a view in a state, and wait for its first result."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in settings.items()
        }
        query = f"?{urlencode(texts)}" if texts else ""
        # From elsewhere: another part after the # alone would load nothing.
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/#{view}{query}" if view else self.url)
        self.page.wait_for_selector("#view > :not(.waiting)")
        return self.settle()

    def settle(self) -> Playground:
        """Wait until nothing is under way."""
        self.page.wait_for_function(
            """() => {
              const busy = document.querySelectorAll(".busy");
              const idle = !document.querySelector(".busy.running");
              const told = document.querySelector(".status")?.textContent
                || document.querySelector(".fault");
              return busy.length === 0 || (idle && told);
            }"""
        )
        return self

    def state(self) -> str:
        """The address after the #, when it has been written."""
        self.page.wait_for_timeout(350)
        return self.page.evaluate("decodeURIComponent(location.hash.replaceAll('+', ' '))")

    def run(self, script: str, argument: Any = None) -> Any:
        """What a function in JavaScript gives, in the page."""
        return self.page.evaluate(script, argument)

    def result(self) -> list[list[list[int]]]:
        """The pixels of the result as shown: rows of [red, green, blue, alpha]."""
        return self.run(
            """() => {
              const canvas = document.querySelector(".pane.result canvas");
              const context = canvas.getContext("2d");
              const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
              const pixel = (i, j) => [...data.subarray(4 * (i * canvas.width + j)).subarray(0, 4)];
              return Array.from({ length: canvas.height }, (_, i) =>
                Array.from({ length: canvas.width }, (_, j) => pixel(i, j)));
            }"""
        )

    def convolved(self, picture: bytes, form: str = "json", **fields: str) -> Any:
        """What the API itself makes of a picture."""
        answer = httpx.post(
            f"{self.url}/v1/images/convolve",
            params={"format": form},
            files={"image": ("picture.png", picture)},
            data=fields,
            trust_env=False,
        )
        assert answer.is_success, answer.text
        return answer.json() if form == "json" else answer.content
