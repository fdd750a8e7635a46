// The notebook's exercises as a list, each with the state of the page that it is about.

const pulse = (kernel) => ({ view: "signal", settings: { source: "pulse", length: 300, kernel } });
// As the notebook computes and shows them: full, zeros beyond the border, magnitude, stretched.
const ascent = (kernel, more) => ({
  view: "picture",
  settings: { kernel, mode: "full", boundary: "constant", absolute: true, scaling: "minmax", ...more },
});
const matrix = (...values) => ({ name: "custom", values });

const BLURRED = { name: "gaussian", size: 50, sigma: 10, normalize: "none" };

export const EXERCISES = [
  {
    id: "hann-50",
    part: "A window over a pulse",
    title: "Hann, size 50",
    ...pulse({ name: "hann", size: 50 }),
    look: "The edges of the pulse become slopes as wide as the kernel, 50 samples. Press Play: the slope is the kernel entering the pulse.",
  },
  {
    id: "hann-10",
    part: "A window over a pulse",
    title: "Size 10",
    ...pulse({ name: "hann", size: 10 }),
    look: "A narrow kernel averages few samples: the corners are barely rounded.",
  },
  {
    id: "hann-100",
    part: "A window over a pulse",
    title: "Size 100",
    ...pulse({ name: "hann", size: 100 }),
    look: "The kernel is as wide as the pulse. Nothing of the flat top is left but one point, where both cover each other.",
  },
  {
    id: "exponential",
    part: "A window over a pulse",
    title: "Exponential, size 50",
    ...pulse({ name: "exponential", size: 50 }),
    look: "Nearly all weight lies on the few taps in the middle, so that 50 taps smooth less than 10 of Hann's.",
  },
  {
    id: "flattop",
    part: "A window over a pulse",
    title: "Flat top, size 50",
    ...pulse({ name: "flattop", size: 50 }),
    look: "Some taps are negative: the result dips below 0 before the pulse, and rises above 1 within it.",
  },
  {
    id: "vertical",
    part: "Kernels on a picture",
    title: "Vertical edges",
    ...ascent(matrix([-1, 0, 1], [-1, 0, 1], [-1, 0, 1])),
    look: "Left and right neighbours are compared, so upright edges are bright: posts and banisters. The handrails are faint.",
  },
  {
    id: "horizontal",
    part: "Kernels on a picture",
    title: "Horizontal edges",
    ...ascent(matrix([1, 1, 1], [0, 0, 0], [-1, -1, -1])),
    look: "The same kernel, turned: now the handrails are bright, and the upright posts faint.",
  },
  {
    id: "north-west",
    part: "Kernels on a picture",
    title: "The notebook's NW",
    ...ascent(matrix([-3, 5, 5], [-3, 0, 5], [-3, -3, -3])),
    look: "Edges that run from the top left to the bottom right. Point at a bright pixel: convolution lays the kernel on turned around.",
  },
  {
    id: "north-east",
    part: "Kernels on a picture",
    title: "The notebook's NE",
    ...ascent(matrix([-3, -3, -3], [-3, 0, 5], [-3, 5, 5])),
    look: "The other diagonal. Compare the two railings with the exercise before.",
  },
  {
    id: "laplacian",
    part: "Kernels on a picture",
    title: "Laplacian",
    ...ascent(matrix([-1, -1, -1], [-1, 8, -1], [-1, -1, -1])),
    look: "No direction: what differs from its neighbours is bright, fine texture and noise most of all. Even areas are 0.",
  },
  {
    id: "gaussian",
    part: "Kernels on a picture",
    title: "Gaussian, 50 × 50",
    ...ascent(BLURRED),
    look: "A blur. The dark rim is the zeros beyond the border: set them to symmetric under Options, and it is gone.",
  },
  {
    id: "own-picture",
    part: "Your turn",
    title: "A picture of your own",
    ...ascent(matrix([-1, 0, 1], [-1, 0, 1], [-1, 0, 1]), { channels: "red" }),
    look: "Choose, drop or paste a picture: its red channel is convolved, the notebook's img[:, :, 0]. Then try the kernels above.",
  },
  {
    id: "vgg16-grid",
    part: "What a network learned",
    title: "Filters of VGG16",
    view: "vgg16",
    settings: { layer: "block1_conv1", channel: "0", transpose: true },
    look: "64 filters that nobody designed. Look for those like the ones above: edges of one direction, blurs, spots.",
  },
  {
    id: "vgg16-kernel",
    part: "What a network learned",
    title: "One of them at work",
    view: "vgg16",
    settings: { layer: "block1_conv1", channel: "0", filter: 2 },
    look: "Use the filter on your picture, and ask what its layer sees: which maps are bright at edges, which in even areas?",
  },
];

export const exerciseOf = (id) => EXERCISES.find((each) => each.id === id);
