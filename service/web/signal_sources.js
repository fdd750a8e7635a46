// Signals to try: each a function of the number of samples.

const along = (length, value) => Array.from({ length }, (_, index) => value(index));

/** Random numbers that are the same each time, so that an address shows the same (mulberry32). */
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function noise(length) {
  const random = randomNumbers(7);
  return along(length, () => 2 * random() - 1);
}

const rounded = (values) => values.map((value) => Number(value.toFixed(4)));

export const SOURCES = {
  pulse: { label: "Pulse", values: (n) => along(n, (i) => (3 * i >= n && 3 * i < 2 * n ? 1 : 0)) },
  step: { label: "Step", values: (n) => along(n, (i) => (2 * i >= n ? 1 : 0)) },
  impulses: {
    label: "Impulses",
    values: (n) => along(n, (i) => (i === n >> 2 ? 1 : i === (3 * n) >> 2 ? 0.5 : 0)),
  },
  noise: { label: "Noise", values: (n) => rounded(noise(n)) },
  noisy: {
    label: "Wave in noise",
    values: (n) => rounded(noise(n).map((each, i) => Math.sin((6 * Math.PI * i) / n) + 0.35 * each)),
  },
  chirp: {
    label: "Chirp",
    values: (n) => rounded(along(n, (i) => Math.sin(Math.PI * (2 + (40 * i) / n) * (i / n)))),
  },
  own: { label: "Drawn or pasted", values: (n, own) => own },
};

export const MOST_SAMPLES = 2000;

/** The samples of a source with these settings. */
export function signalOf({ source, length, values }) {
  const { values: make } = SOURCES[source] ?? SOURCES.pulse;
  return make(Math.min(MOST_SAMPLES, Math.max(1, Math.round(length))), values.length ? values : [0]);
}
