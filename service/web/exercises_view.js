// The guided list of exercises, and the banner that goes along with each.

import { element } from "./elements.js";
import { EXERCISES, exerciseOf } from "./exercises.js";
import { toHash } from "./state.js";

const hashOf = ({ id, view, settings }) => toHash(view, { ...settings, exercise: id });

export function exercisesList() {
  const parts = Map.groupBy(EXERCISES, (each) => each.part);
  return element(
    "div",
    { class: "exercises" },
    [...parts].map(([part, exercises]) =>
      element(
        "section",
        { class: "card" },
        element("h2", {}, part),
        element(
          "ol",
          { start: EXERCISES.indexOf(exercises[0]) + 1 },
          exercises.map((each) =>
            element("li", {}, element("a", { href: hashOf(each) }, each.title), element("p", {}, each.look)),
          ),
        ),
      ),
    ),
  );
}

/** What to look for in an exercise, and the way to its neighbours; nothing where there is none. */
export function exerciseBanner(id) {
  const exercise = exerciseOf(id);
  if (!exercise) return [];
  const place = EXERCISES.indexOf(exercise);
  const link = (neighbour, text) => (neighbour ? element("a", { href: hashOf(neighbour) }, text) : null);
  return [
    element(
      "section",
      { class: "exercise", "aria-label": "Exercise" },
      element(
        "p",
        {},
        element("strong", {}, `${place + 1} of ${EXERCISES.length}: ${exercise.title}. `),
        exercise.look,
      ),
      element(
        "p",
        { class: "ways" },
        link(EXERCISES[place - 1], "← Before"),
        link(EXERCISES[place + 1], "Next →"),
        element("a", { href: "#exercises" }, "All"),
      ),
    ),
  ];
}
