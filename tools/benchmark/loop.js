'use strict';
// tools/bench --start and --frames: from nothing to the first result, and many frames one after the other.

const sorted = (list) => [...list].sort((a, b) => a - b);
const quantile = (list, q) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * q))];

const print = (columns, rows) => {
  const lines = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((l) => l[i].length)));
  for (const l of lines) console.log(l.map((cell, i) => i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  '));
};

/**
 * Fresh processes and pages: runtime loaded, model loaded, first result read back, in ms; and what a run takes later on.
 * @param {[string, string, string, () => Promise<any>, string, undefined | (() => Promise<any>)][]} peers as tools/bench's runnable() gives them
 */
async function benchStart(peers, rounds) {
  const times = peers.map(() => ({load: [], first: [], all: [], steady: []}));
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, , , open, , openAlone]] of peers.entries()) {
      const runner = !(round && openAlone) && await open();
      const {loadMs, firstMs} = await (openAlone ? openAlone() : runner.ask({warmUp: 1}));
      if (!round) await runner.ask({warmUp: 20});
      if (!round) times[i].steady.push(...(await runner.ask({runs: 10})).ms);
      if (runner) await runner.end();
      times[i].load.push(loadMs);
      times[i].first.push(firstMs);
      times[i].all.push(loadMs + firstMs);
    }
  }
  print(['model', 'host', 'peer', 'start + load ms', 'first run ms', 'together', 'least', 'later run ms'], peers.map(([model, host, peer, , format], i) => [`${model} .${format}`, host, peer,
    ...[times[i].load, times[i].first, times[i].all].map((list) => quantile(list, 0.5).toFixed(1)), Math.min(...times[i].all).toFixed(1), quantile(times[i].steady, 0.5).toFixed(1)]));
}

/** A camera's loop of `frames` runs, and between them a loop of nothing that takes as long: how steady the machine is. Growth is that of JavaScript's heap over the second half. */
async function benchFrames(peers, frames) {
  const rows = [];
  for (const [model, host, peer, open] of peers) {
    const runner = await open();
    await runner.ask({warmUp: 5});
    const half = {runs: frames >> 1, heap: true, empty: true};
    const halves = [await runner.ask(half), await runner.ask(half)];
    await runner.end();
    const spread = (ms) => [0.5, 0.99].map((q) => quantile(ms, q).toFixed(2)).concat(`${(quantile(ms, 0.99) / quantile(ms, 0.5)).toFixed(2)}x`);
    rows.push([model, host, peer, ...spread(halves.flatMap((h) => h.ms)), ((halves[1].heap - halves[0].heap) / 1024).toFixed(0), halves[1].wasm ? (halves[1].wasm / 1e6).toFixed(1) : '-']);
    rows.push([model, host, 'empty loop', ...spread(halves.flatMap((h) => h.empty)), '', '']);
  }
  print(['model', 'host', 'peer', 'median ms', 'p99 ms', 'p99/median', 'heap growth KB', 'wasm heap MB'], rows);
}

module.exports = {benchStart, benchFrames, print, quantile};
