// What is shown, as it stands in the address after the #: its defaults, and the way there and back.

export const DEFAULTS = {
  picture: {
    kernel: { name: "laplacian" },
    operation: "convolve",
    mode: "same",
    boundary: "symmetric",
    fill_value: 0,
    absolute: true,
    bias: 0,
    scaling: "clip",
    channels: "keep",
    alpha: "preserve",
    look: "beside",
    exercise: "",
  },
  signal: {
    source: "pulse",
    length: 300,
    values: [],
    kernel: { name: "hann", size: 50 },
    operation: "convolve",
    mode: "same",
    boundary: "constant",
    fill_value: 0,
    position: 0.45,
    exercise: "",
  },
  vgg16: { layer: "block1_conv1", channel: "0", filter: -1, transpose: false, exercise: "" },
  exercises: {},
};

export const VIEWS = Object.keys(DEFAULTS);

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The part of the address for a view with these settings; defaults are left out. */
export function toHash(view, settings) {
  const query = new URLSearchParams();
  for (const [name, standard] of Object.entries(DEFAULTS[view])) {
    const value = settings[name];
    if (value === undefined || equal(value, standard)) continue;
    query.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  const text = query.toString();
  return text ? `#${view}?${text}` : `#${view}`;
}

/** The view and settings that a part of an address tells; what has no meaning is left out. */
export function fromHash(hash) {
  const [name, text = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const view = VIEWS.includes(name) ? name : "picture";
  const settings = structuredClone(DEFAULTS[view]);
  for (const [key, value] of new URLSearchParams(text)) {
    if (!(key in settings)) continue;
    const read = readAs(settings[key], value);
    if (read !== undefined) settings[key] = read;
  }
  return { view, settings };
}

function readAs(standard, text) {
  if (typeof standard === "string") return text;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const sameKind = typeof value === typeof standard && Array.isArray(value) === Array.isArray(standard);
  if (!sameKind || value === null) return undefined;
  // Of objects there are only kernels, which have a name.
  if (!Array.isArray(value) && typeof value === "object" && typeof value.name !== "string") return undefined;
  return value;
}

/** Settings that tell who listens when they change. */
export class Store {
  #listeners = new Set();

  constructor(view, settings) {
    this.view = view;
    this.settings = settings;
  }

  /** Change some settings; `quiet` ones need no new result. */
  set(changes, { quiet = false } = {}) {
    Object.assign(this.settings, changes);
    for (const listener of this.#listeners) listener(this.settings, quiet);
  }

  subscribe(listener) {
    this.#listeners.add(listener);
  }
}
