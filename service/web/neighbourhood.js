// The arithmetic of one pixel: which samples lie under the kernel, times what, with which sum.

// Beyond the border, in numpy.pad's words: the index inside that a sample is taken from; -1 for none.
const OUTSIDE = {
  constant: () => -1,
  edge: (index, length) => Math.min(Math.max(index, 0), length - 1),
  reflect: (index, length) => fold(index, length, 2 * (length - 1)),
  symmetric: (index, length) => {
    const place = modulo(index, 2 * length);
    return place < length ? place : 2 * length - 1 - place;
  },
  wrap: (index, length) => modulo(index, length),
};

const modulo = (index, period) => ((index % period) + period) % period;

function fold(index, length, period) {
  if (period === 0) return 0;
  const place = modulo(index, period);
  return place < length ? place : period - place;
}

/** The index from 0 to length - 1 that stands for any index, or -1 for the constant. */
export function insideIndex(index, length, boundary) {
  return index >= 0 && index < length ? index : OUTSIDE[boundary](index, length);
}

/** What the first sample of a result is in the full one, along an axis with `taps` taps. */
export const firstOf = (mode, taps) => ({ full: 0, same: (taps - 1) >> 1, valid: taps - 1 })[mode];

/** How far the result's first sample lies from the input's where both are laid over each other. */
export const offsetOf = (mode, taps) => firstOf(mode, taps) - ((taps - 1) >> 1);

/** The first index of the input under the kernel, for one of the result. */
export const windowStart = (index, mode, taps) => index + firstOf(mode, taps) - (taps - 1);

/** The kernel as it is laid over the samples: turned by 180 degrees, unless correlating. */
export const laid = (kernel, operation) =>
  operation === "correlate" ? kernel : [...kernel].reverse().map((row) => [...row].reverse());

const COMBINE = {
  magnitude: (sums) => Math.hypot(...sums),
  max: (sums) => Math.max(...sums),
  sum: (sums) => sums.reduce((total, each) => total + each, 0),
  mean: (sums) => sums.reduce((total, each) => total + each, 0) / sums.length,
};

/**
 * One sample of a result.
 *
 * `sample(row, column)` gives the input's number there; `kernels` are rows of taps each, all of
 * one shape. Gives the `samples` under the kernel, for each kernel its `taps` as laid over them,
 * their `products` and `sum`, and the `value` of all.
 */
export function resultAt({
  row,
  column,
  height,
  width,
  sample,
  kernels,
  combine,
  mode,
  boundary,
  fill,
  operation,
}) {
  const [taps, tapsAcross] = [kernels[0].length, kernels[0][0].length];
  const top = windowStart(row, mode, taps);
  const left = windowStart(column, mode, tapsAcross);
  const samples = Array.from({ length: taps }, (_, i) =>
    Array.from({ length: tapsAcross }, (_, j) => {
      const [y, x] = [insideIndex(top + i, height, boundary), insideIndex(left + j, width, boundary)];
      return y < 0 || x < 0 ? fill : sample(y, x);
    }),
  );
  const parts = kernels.map((kernel) => {
    const over = laid(kernel, operation);
    const products = samples.map((line, i) => line.map((each, j) => each * over[i][j]));
    return { taps: over, products, sum: COMBINE.sum(products.flat()) };
  });
  const sums = parts.map((each) => each.sum);
  return { top, left, samples, parts, value: combine ? COMBINE[combine](sums) : sums[0] };
}
