'use strict';
// tools/bench --profile --trace: what it writes is a trace in Chrome's "Trace Event Format", of a real profile.

const assert = require('node:assert/strict');
const test = require('node:test');
const { root } = require('../../tools/checkout.js');
const { filesOf } = require('../../tools/benchmark/model_files.js');
const { traceOf } = require('../../tools/benchmark/trace.js');

/** What the format demands of the events used here. */
function checkFormat({ traceEvents, displayTimeUnit }) {
  assert.ok(displayTimeUnit === 'ms' || displayTimeUnit === 'ns');
  for (const event of traceEvents) {
    assert.ok(['M', 'X'].includes(event.ph), `phase ${event.ph}`);
    assert.equal(typeof event.name, 'string');
    assert.ok(Number.isInteger(event.pid) && Number.isInteger(event.tid));
    if (event.ph === 'M') assert.equal(typeof event.args.name, 'string');
    else assert.ok(Number.isFinite(event.ts) && Number.isFinite(event.dur) && event.dur >= 0);
  }
  const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ name, pid, tid }) => `${name} ${pid} ${tid}`);
  for (const { pid, tid } of traceEvents) assert.ok(names.includes(`process_name ${pid} ${tid}`) && names.includes(`thread_name ${pid} ${tid}`));
}

test('a profile becomes a trace: every node once, one after the other, as long as measured', async () => {
  const { loadModel } = require(root);
  const model = await loadModel(filesOf('tfjs-mesh').json, { variant: 'simd' });
  const input = new Float32Array(model.inputs[0].shape.reduce((n, d) => n * Math.abs(d), 1));
  model.profile();
  for (let i = 0; i < 3; i++) model.run(input);
  const nodes = model.profile().map((n) => ({ ...n, ms: n.ms / n.runs }));
  model.dispose();
  const trace = JSON.parse(JSON.stringify(traceOf([{ model: 'mesh', peer: 'simd', nodes }, { model: 'mesh', peer: 'plain', nodes }, { model: 'other', peer: 'simd', nodes }])));
  checkFormat(trace);
  const slices = trace.traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 1);
  assert.deepEqual(slices.map(({ name, args }) => [name, args.node]), nodes.map(({ op, node }) => [op, node]));
  slices.forEach(({ ts, dur }, i) => {
    assert.ok(Math.abs(dur - nodes[i].ms * 1000) < 1e-6);
    if (i > 0) assert.ok(Math.abs(ts - slices[i - 1].ts - slices[i - 1].dur) < 1e-6, `slice ${i} begins where the one before ends`);
  });
  assert.deepEqual([...new Set(trace.traceEvents.map(({ pid, tid }) => `${pid} ${tid}`))], ['1 1', '1 2', '2 3'], 'a process per model, a thread per build');
});
