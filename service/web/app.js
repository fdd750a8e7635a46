// The page: shows the view that the address names, and keeps the address up to date.

import { getJson } from "./api.js";
import { element } from "./elements.js";
import { exerciseBanner, exercisesList } from "./exercises_view.js";
import { PictureView } from "./picture_view.js";
import { showProblem } from "./problems.js";
import { SignalView } from "./signal_view.js";
import { fromHash, Store, toHash } from "./state.js";
import { installThemeToggle } from "./theme_toggle.js";
import { Vgg16View } from "./vgg16_view.js";

const byId = (id) => document.getElementById(id);
const origin = new URL(".", location.href).href;
// What is asked for once, and the picture, which stays when the view changes.
const shared = { picture: null, catalogue: null, network: null };

const VIEWS = {
  picture: {
    heading: "See a kernel work",
    words:
      "A small grid of numbers slides over a picture and makes another one. Change the numbers and watch.",
    make: (parts) => new PictureView(parts),
    needs: ["catalogue"],
  },
  signal: {
    heading: "One dimension first",
    words: "The kernel, turned around, slides along the signal; at each place all products are summed.",
    make: (parts) => new SignalView(parts),
    needs: ["catalogue"],
  },
  vgg16: {
    heading: "Kernels nobody designed",
    words: "What a network of 2014 learned to look for in pictures, filter by filter.",
    make: (parts) => new Vgg16View(parts),
    needs: ["network"],
  },
  exercises: {
    heading: "The notebook's exercises",
    words: "Each opens the page in the right state. Start anywhere.",
    make: () => ({ node: exercisesList(), repaint() {} }),
    needs: [],
  },
};
const ASKED = {
  catalogue: async () => (await getJson("v1/kernels")).kernels,
  network: () => getJson("v1/vgg16"),
};

let current = { repaint() {} };
let leaving = new AbortController();
let timer = 0;

/** Write the state to the address a little later: browsers refuse many changes in a row. */
function remember(store) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    history.replaceState(null, "", toHash(store.view, store.settings));
  }, 250);
}

function decorate(view, settings) {
  const { heading, words } = VIEWS[view];
  byId("heading").textContent = heading;
  byId("introduction").textContent = words;
  byId("banner").replaceChildren(...exerciseBanner(settings.exercise));
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function open() {
  clearTimeout(timer);
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { view, settings } = fromHash(location.hash);
  decorate(view, settings);
  try {
    for (const name of VIEWS[view].needs) shared[name] ??= await ASKED[name]();
  } catch (error) {
    const place = element("div", { class: "card" });
    byId("view").replaceChildren(place);
    showProblem(place, error, place);
    return;
  }
  if (signal.aborted) return;
  const store = new Store(view, settings);
  store.subscribe(() => remember(store));
  current = VIEWS[view].make({
    store,
    shared,
    catalogue: shared.catalogue,
    network: shared.network,
    origin,
    signal,
  });
  byId("view").replaceChildren(current.node);
}

async function introduce() {
  byId("landing-curl").textContent =
    `curl -s ${origin}v1/samples/ascent | curl -s -F image=@- -F kernel=sobel ${origin}v1/images/convolve -o edges.png`;
  const { version } = await getJson("version");
  byId("version").textContent = version;
  // Whoever runs the service may have turned its documentation off.
  const { ok } = await fetch("docs", { method: "HEAD" });
  byId("docs").hidden = byId("documentation").hidden = !ok;
}

addEventListener("hashchange", open);
installThemeToggle(byId("theme"), () => current.repaint());
open();
introduce();
