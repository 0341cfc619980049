'use strict';
// Whether a model's outputs are right where float32 itself is uncertain: one rule for tools/zoo and for the converter's tests.

const { referenceOutputs } = require('./index.js');

/** What needs no judge. */
const LIMIT = 1e-4;

/** Largest difference over the reference's largest magnitude; a NaN on one side alone is infinitely wrong. */
function difference(ours, theirs) {
  let largest = 0, worst = 0;
  theirs.forEach((value, i) => {
    if (Number.isNaN(value) && Number.isNaN(ours[i])) return;
    if (value === ours[i]) return void (largest = Math.max(largest, Number.isFinite(value) ? Math.abs(value) : 0));
    largest = Math.max(largest, Math.abs(value));
    const off = Math.abs(value - ours[i]);
    worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
  });
  return worst === 0 ? 0 : worst / (largest || 1);
}

function worstDifference(ours, theirs) {
  if (ours.length !== theirs.length) throw new Error(`the reference has ${theirs.length} outputs, we have ${ours.length}.`);
  return Math.max(0, ...theirs.map(({ name, shape, data }, i) => {
    const mine = ours[i];
    if (mine.data.length !== data.length) throw new Error(`output ${i} "${mine.name}" is [${mine.shape}], "${name}" of the reference [${shape}].`);
    return difference(mine.data, data);
  }));
}

const nudged = (job, steps) => ({ ...job, inputs: job.inputs.map(({ dtype, data, ...rest }) =>
  ({ ...rest, dtype, data: dtype === 'float32' ? data.map((x) => x * (1 + steps * 2 ** -23)) : data })) });

/**
 * Where we are further from the reference than LIMIT, double precision judges: we pass where we are as near to it as the runtimes
 * (tfjs's backends; LiteRT's two builds, with fused multiply-add and without) are to it and to each other, at worst over this
 * input and two whose last bits are others.
 */
async function judge(job, ours, reference) {
  const litert = job.model.endsWith('.tflite');
  const said = [];
  let error, limit = 0;
  for (const steps of [0, 1, -1]) {
    const at = nudged(job, steps);
    // No tfjs kernel does MediaPipe's operators or keeps variables: what LiteRT says of another input judges instead.
    const exact = await referenceOutputs({ ...at, variant: 'exact' }).catch((why) => litert ? reference : Promise.reject(why));
    error ??= worstDifference(ours, exact);
    said.push(exact);
    for (const variant of litert ? ['compat', 'default'] : ['cpu', 'wasm', 'wasm-plain']) {
      const theirs = await referenceOutputs({ ...at, variant }).catch(() => undefined);  // WASM lacks operators
      if (theirs) said.push(theirs);
    }
  }
  for (const one of said) for (const other of said) limit = Math.max(limit, worstDifference(one, other));
  return { error, limit: Math.max(LIMIT, limit) };
}

module.exports = { LIMIT, difference, worstDifference, judge };
