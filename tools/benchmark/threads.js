'use strict';
// tools/bench --threads: one thread next to several of the same build, in alternation, and whether the numbers stay the same bits.

const {print, quantile} = require('./loop.js');

const sameBits = (a, b) => a.length === b.length && a.every(({data}, i) => data.length === b[i].data.length && data.every((x, k) => Object.is(x, b[i].data[k])));

/**
 * @param {{models: string[], hosts: string[], rounds: number, runs: number, threads: number}} options
 * @param {(model: string, host: string, peer: string) => Promise<any>} open
 */
async function benchThreads({models, hosts, rounds, runs, threads}, open) {
  const rows = [];
  for (const model of models) {
    for (const host of hosts) rows.push(...await benchOne({rounds, runs, threads}, (peer) => open(model, host, peer)).then((list) => list.map((r) => [model, host, ...r])));
  }
  print(['model', 'host', 'threads', 'min ms', 'median ms', 'speedup', 'spread', 'same bits'], rows);
  if (rows.some((r) => r[7] === 'no')) throw new Error('threads change the bits.');
}

async function benchOne({rounds, runs, threads}, open) {
  const opened = [];
  try {
    for (let n = 1; n <= threads; n++) {
      const runner = await open(n === 1 ? 'simd' : `threads-${n}`);
      opened.push({n, runner, ms: [], medians: [], ...await runner.ask({warmUp: 5})});
    }
    for (let round = 0; round < rounds; round++) {
      for (const o of round % 2 ? [...opened].reverse() : opened) {
        const {ms} = await o.runner.ask({runs});
        o.ms.push(...ms);
        o.medians.push(quantile(ms, 0.5));
      }
    }
  } finally {
    for (const {runner} of opened) await runner.end();
  }
  return opened.map((o) => {
    const ratios = o.medians.map((ms, i) => opened[0].medians[i] / ms);
    return [String(o.n), Math.min(...o.ms).toFixed(2), quantile(o.ms, 0.5).toFixed(2), `${quantile(ratios, 0.5).toFixed(2)}x`,
      [0.25, 0.75].map((q) => quantile(ratios, q).toFixed(2)).join('..'), sameBits(o.outputs, opened[0].outputs) ? 'yes' : 'no'];
  });
}

module.exports = {benchThreads};
