// Kernels as the API takes them. Here each is an object with a name; on the way they become short.

/** The shortest form of a kernel: its bare name or array where nothing else is said of it. */
export function shortForm(kernel) {
  const keys = Object.keys(kernel);
  if (keys.length === 1) return kernel.name;
  if (keys.length === 2 && kernel.name === "custom" && kernel.values) return kernel.values;
  return kernel;
}

/** A kernel as the text of a form's field. */
export function asField(kernel) {
  const short = shortForm(kernel);
  return typeof short === "string" ? short : JSON.stringify(short);
}

export const rowsOf = (values) => (Array.isArray(values[0]) ? values : [values]);

/** The single kernels that a preview tells of, and how their results become one. */
export function partsOf(facts) {
  const kernels = facts.kernels ?? [facts];
  return { combine: facts.combine ?? null, kernels: kernels.map((each) => rowsOf(each.values)) };
}
