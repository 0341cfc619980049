'use strict';
// What a process or a page does with an opened peer, alike in Node and in Chromium: warm up, time runs, tell the profile.

const {seededInput} = require('./seeded_input.js');

/**
 * @typedef {{shape: number[], data: Float32Array}} Output
 * @typedef {{length: number, run: (input: Float32Array) => Output[] | Promise<Output[]>, profile?: () => object[], wasm?: () => number}} Opened
 *   empty: between runs, a loop that computes nothing, as long as one: what the machine itself does to times
 *   length: elements of the input; run: a typed array in, all outputs out, which JavaScript can read; wasm: bytes of its WebAssembly memory
 * @typedef {{warmUp: number} | {runs: number, heap?: boolean, empty?: boolean} | {profile: number}} Request
 */

/** What loadModel is told for one of our builds: "simd", "plain", "threads-2". @param {string} peer */
function engineOptions(peer) {
  const [, threads] = /^threads-(\d+)$/.exec(peer) || [];
  return threads ? {numThreads: Number(threads)} : {variant: peer};
}

/** Throws where the engine had to do without the threads that were asked for. */
function checkThreads(peer, {backend}) {
  if (peer.startsWith('threads-') && !backend.reasons.some((r) => /^\d+ threads$/.test(r))) throw new Error(backend.reasons.join('; '));
}

const now = () => performance.now();

/** @param {Opened} opened @param {any} request @returns {Promise<object>} */
async function answer({length, run, profile, wasm}, request) {
  const input = seededInput(length);
  if (request.profile) {
    profile();
    for (let i = 0; i < request.profile; i++) await run(input);
    return {nodes: profile().map((n) => ({...n, ms: n.ms / n.runs}))};
  }
  if (request.warmUp) {
    const start = now();
    let outputs = await run(input);
    const firstMs = now() - start;
    for (let i = 1; i < request.warmUp; i++) outputs = await run(input);
    return {firstMs, outputs: outputs.map(({shape, data}) => ({shape: Array.from(shape), data: Array.from(data)}))};
  }
  const ms = [], empty = [];
  const turns = request.empty && await turnsLikeOne(() => run(input));
  for (let i = 0; i < request.runs; i++) {
    const start = now();
    await run(input);
    ms.push(now() - start);
    if (!turns) continue;
    const again = now();
    await loop(turns);
    empty.push(now() - again);
  }
  return {ms, empty, heap: request.heap && await heapBytes(), wasm: wasm && wasm()};
}

let sum = 0;
/** Work of a fixed length that allocates nothing. */
function loop(turns) {
  for (let i = 0; i < turns; i++) sum = sum * 0.5 + i;
}

/** How many turns of that take as long as `work`. */
async function turnsLikeOne(work) {
  const least = async (f) => {
    let ms = Infinity;
    for (let i = 0; i < 20; i++) {
      const start = now();
      await f();
      ms = Math.min(ms, now() - start);
    }
    return ms;
  };
  return Math.round(1e6 * await least(work) / await least(() => loop(1e6)));
}

/** JavaScript's heap, after collections where the host lets one ask for it. */
async function heapBytes() {
  for (let i = 0; globalThis.gc && i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));  // what is swept on the side
  }
  return typeof process === 'object' && process.memoryUsage ? process.memoryUsage().heapUsed : performance.memory.usedJSHeapSize;
}

module.exports = {answer, checkThreads, engineOptions};
