'use strict';
// What tools/bench measured: a table for the terminal, one in Markdown, a bar chart as SVG and PNG.

const fs = require('fs');
const path = require('path');

const geometricMean = (list) => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);

const COLUMNS = ['model', 'host', 'peer', 'min ms', 'median ms', 'p90 ms', 'first ms', 'load ms', 'heap MB', 'of limit', 'ours/peer', 'spread', 'difference'];

const megabytes = (bytes) => bytes ? (bytes / 1e6).toFixed(1) : '';

const cells = (r) => [r.model, r.host, r.peer, ...[r.min_ms, r.median_ms, r.p90_ms, r.first_ms, r.load_ms].map((n) => n.toFixed(2)), megabytes(r.heap_bytes),
  r.limit_share ? `${(r.limit_share * 100).toFixed(0)}%` : '', r.ratio ? `${r.ratio.toFixed(2)} (${r.against})` : '', r.ratio_spread ? r.ratio_spread.map((x) => x.toFixed(2)).join('..') : '',
  r.difference === undefined ? '' : r.difference.toExponential(1)];

/** Our time against each peer: over all models, against the better of the peer's hosts. */
function summaries(rows) {
  const best = (model, peer) => Math.min(...rows.filter((r) => r.model === model && r.peer === peer).map((r) => r.median_ms));
  const peers = [...new Set(rows.filter((r) => r.against).map((r) => r.peer))];
  return peers.map((peer) => {
    const compared = rows.filter((r) => r.peer === peer);
    const {against} = compared[0];
    const ratios = [...new Set(compared.map((r) => r.model))].map((model) => ({model, ratio: best(model, against) / best(model, peer)}));
    const worst = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    return {peer, against, models: ratios.length, geometric_mean: geometricMean(ratios.map((r) => r.ratio)), worst};
  });
}

const sentenceOf = (s) => s.geometric_mean < 0.1 ?
  `${s.against} is ${(1 / s.geometric_mean).toFixed(0)} times as fast as ${s.peer} (geometric mean of ${s.models} models; least ${(1 / s.worst.ratio).toFixed(0)}, ${s.worst.model})` :
  `${s.against} takes ${s.geometric_mean.toFixed(2)}x the time of ${s.peer} (geometric mean of ${s.models} models; most ${s.worst.ratio.toFixed(2)}x, ${s.worst.model})`;

/** Our WebAssembly memory next to the peer's, where both have told: a sentence, or none. */
function memorySentences(rows) {
  const heap = (model, peer) => Math.max(...rows.filter((r) => r.model === model && r.peer === peer && r.heap_bytes).map((r) => r.heap_bytes));
  return ['tfjs-wasm', 'tfjs-wasm-plain'].flatMap((peer) => {
    const against = peer === 'tfjs-wasm' ? 'simd' : 'plain';
    const ratios = [...new Set(rows.map((r) => r.model))].map((model) => ({model, ratio: heap(model, against) / heap(model, peer)})).filter(({ratio}) => ratio > 0 && ratio < Infinity);
    if (!ratios.length) return [];
    const worst = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    return [`the heap of ${against} is ${geometricMean(ratios.map((r) => r.ratio)).toFixed(2)}x that of ${peer} (geometric mean of ${ratios.length} models; most ${worst.ratio.toFixed(2)}x, ${worst.model})`];
  });
}

const machineLine = (m) => `${m.cpu}, ${m.cores} cores, ${m.platform}, Node ${m.node}${m.chromium ? `, Chromium ${m.chromium}` : ''}, one thread, load ${m.load.toFixed(1)}, limit ${m.limits.simd.toFixed(1)} GFLOP/s (plain ${m.limits.plain.toFixed(1)})`;

function text({machine, rows}) {
  const lines = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((l) => l[i].length)));
  const line = (l) => l.map((cell, i) => i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ');
  return [machineLine(machine), '', ...lines.map(line), '', ...summaries(rows).map(sentenceOf), ...memorySentences(rows)].join('\n');
}

function markdown({machine, rows}) {
  const line = (l) => `| ${l.join(' | ')} |`;
  return [`${machineLine(machine)}.`, '', line(COLUMNS), line(COLUMNS.map((_, i) => i < 3 ? '---' : '---:')), ...rows.map((r) => line(cells(r))), '',
    ...summaries(rows).map((s) => `- ${sentenceOf(s)}`), ...memorySentences(rows).map((s) => `- ${s}`), ''].join('\n');
}

/** The faster host of each peer, models side by side, on a logarithmic scale, drawn by Observable Plot in a page. */
async function chart(result, page, address, file) {
  const {machine, rows} = result;
  const names = {simd: 'wxnn SIMD', plain: 'wxnn plain', relaxed: 'wxnn relaxed SIMD', 'tfjs-webgl': 'tfjs-webgl (software)'};
  const bars = [];
  for (const r of rows) {
    const peer = names[r.peer] || r.peer;
    const other = bars.find((b) => b.model === r.model && b.peer === peer);
    if (other) other.ms = Math.min(other.ms, r.median_ms);
    else bars.push({model: r.model, peer, ms: r.median_ms});
  }
  await page.addScriptTag({url: `${address}/d3/d3.min.js`});
  await page.addScriptTag({url: `${address}/plot/plot.umd.min.js`});
  const svg = await page.evaluate(({bars, caption}) => {
    const {Plot} = window;
    const peers = [...new Set(bars.map((b) => b.peer))];
    const models = [...new Set(bars.map((b) => b.model))];
    const figure = Plot.plot({
      width: 1100, height: models.length * (peers.length * 11 + 14) + 80, marginLeft: 150, marginRight: 60,
      style: {background: 'white', color: '#222', fontFamily: 'sans-serif', fontSize: '12px'},
      x: {type: 'log', label: 'median ms a run, logarithmic (shorter is faster)', grid: true},
      y: {axis: null, domain: peers}, fy: {label: null, domain: models, axis: 'left', padding: 0.15},
      color: {domain: peers, scheme: 'observable10', legend: true},
      marks: [
        Plot.barX(bars, {fy: 'model', y: 'peer', x1: 0.5, x2: 'ms', fill: 'peer', insetTop: 0.5, insetBottom: 0.5}),
        Plot.text(bars, {fy: 'model', y: 'peer', x: 'ms', text: (b) => b.ms < 100 ? b.ms.toFixed(1) : b.ms.toFixed(0), textAnchor: 'start', dx: 4, fontSize: 9}),
      ],
      caption,
    });
    document.body.replaceChildren(figure);
    return [...figure.querySelectorAll('svg')].sort((a, b) => b.getBoundingClientRect().height - a.getBoundingClientRect().height)[0].outerHTML;
  }, {bars, caption: machineLine(machine)});
  fs.writeFileSync(`${file}.svg`, svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" '));
  await page.setViewportSize({width: 1140, height: 900});
  await page.locator('figure').screenshot({path: `${file}.png`});
}

/** Writes bench.json, bench.md, bench.svg and bench.png. @returns {Promise<string>} the folder */
async function write(result, folder, chromium) {
  fs.mkdirSync(folder, {recursive: true});
  fs.writeFileSync(path.join(folder, 'bench.json'), JSON.stringify({...result, summaries: summaries(result.rows)}, null, 1));
  fs.writeFileSync(path.join(folder, 'bench.md'), markdown(result));
  if (chromium) await chart(result, await chromium.newPage(), chromium.address, path.join(folder, 'bench'));
  return folder;
}

/** What README.md shows: the better host of each build and peer, a model a line. */
function readmeTable({machine, rows}) {
  const best = (model, peer) => Math.min(...rows.filter((r) => r.model === model && r.peer === peer).map((r) => r.median_ms));
  const peers = [...new Set(rows.map((r) => r.peer))].filter((p) => p !== 'simd' && p !== 'plain');
  const line = (l) => `| ${l.join(' | ')} |`;
  const ms = (model, peer) => Number.isFinite(best(model, peer)) ? best(model, peer).toFixed(1) : '-';
  const share = (model) => Math.max(...rows.filter((r) => r.model === model && r.peer === 'simd').map((r) => r.limit_share));
  return [`Median ms of one run; ${machineLine(machine)}.`, '', line(['model', 'SIMD', 'of limit', 'plain', ...peers]), line(['---', ...Array(peers.length + 3).fill('---:')]),
    ...[...new Set(rows.map((r) => r.model))].map((m) => line([m, ms(m, 'simd'), `${(share(m) * 100).toFixed(0)}%`, ms(m, 'plain'), ...peers.map((p) => ms(m, p))])), '',
    ...summaries(rows).map((s) => `- ${sentenceOf(s)}`), ...memorySentences(rows).map((s) => `- ${s}`)].join('\n');
}

/** Puts `content` between `<!-- MARK -->` and `<!-- end -->`. */
function replaceMarked(file, mark, content) {
  const [before, rest] = fs.readFileSync(file, 'utf8').split(`<!-- ${mark} -->\n`);
  const end = rest ? rest.indexOf('<!-- end -->') : -1;
  if (end < 0) throw new Error(`${file} has no marks "${mark}".`);
  fs.writeFileSync(file, `${before}<!-- ${mark} -->\n${content}\n${rest.slice(end)}`);
}

/** A run with plain JavaScript alone beside ours has a line of its own, for it takes seconds a run; one with ONNX models a table. */
function writeReadme(result, file) {
  const {rows} = result;
  if (rows.some((r) => r.peer === 'onnxruntime')) return replaceMarked(file, 'tools/bench --models onnx --readme', readmeTable(result));
  const slow = rows.filter((r) => r.peer === 'tfjs-cpu');
  if (rows.length !== 2 * slow.length) return replaceMarked(file, 'tools/bench --readme', readmeTable(result));
  const runs = [...new Set(slow.map((r) => r.runs))].join(' to ');
  const each = slow.map((r) => `${r.model} ${(1 / r.ratio).toFixed(0)}`).join(', ');
  return replaceMarked(file, 'tools/bench --peers simd,tfjs-cpu --readme',
      `Plain JavaScript (tfjs-cpu, medians of ${runs} runs, Node ${result.machine.node}): ${summaries(rows).map(sentenceOf).join('; ')}. ${each}.`);
}

module.exports = {text, write, writeReadme, replaceMarked, summaries};
