// How long a model takes on a backend.
const MIN_RUNS = 5;
const MAX_RUNS = 60;
const BUDGET_MS = 500;  // for one cell
const MOST_MS = 3000;   // when it does not get to MIN_RUNS by then

/** @param {number[]} times */
function median(times) {
  const sorted = times.slice().sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const rest = () => new Promise((resolve) => { setTimeout(resolve, 0); });

/**
 * Median milliseconds of a run after a first one that does not count. The page lives on in between.
 * @param {any} model @param {() => number} now @param {boolean} isAsync only runAsync runs
 */
async function measure(model, now, isAsync) {
  const inputs = model.inputs.map((/** @type {{shape: number[]}} */ input) => {
    const count = input.shape.reduce((product, dimension) => product * Math.abs(dimension), 1);
    return new Float32Array(count).fill(0.25);
  });
  const run = () => (isAsync ? model.runAsync(inputs) : model.run(inputs, { views: true }));
  await run();
  const times = [];
  const start = now();
  const isEnough = () => now() - start > (times.length < MIN_RUNS ? MOST_MS : BUDGET_MS) || times.length >= MAX_RUNS;
  while (!times.length || !isEnough()) {
    const before = now();
    await run();
    times.push(now() - before);
    if (times.length % 4 === 0) await rest();
  }
  return median(times);
}

/** Milliseconds that never run backwards: microseconds or milliseconds from wx.getPerformance(), told apart against Date.now(). */
function createClock() {
  const performance = /** @type {any} */ (wx.getPerformance ? wx.getPerformance() : undefined);
  if (!performance || !performance.now) return { now: () => Date.now(), ready: () => Promise.resolve() };
  let scale = 0;
  return {
    now: () => performance.now() * scale,
    async ready() {
      const ticks = performance.now(), date = Date.now();
      await new Promise((resolve) => { setTimeout(resolve, 60); });
      scale = performance.now() - ticks > 30 * (Date.now() - date) ? 1e-3 : 1;
    },
  };
}

module.exports = { createClock, measure, median };
