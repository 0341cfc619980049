'use strict';
// A profile as a Chrome trace: a process per model, a thread per build, a node after the other, each as long as it takes on average.
// The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU ("Trace Event Format").

/** @param {{model: string, peer: string, nodes: {node: string, op: string, ms: number, runs: number}[]}[]} profiles */
function traceOf(profiles) {
  const traceEvents = [], models = [];
  for (const [at, {model, peer, nodes}] of profiles.entries()) {
    if (!models.includes(model)) models.push(model);
    const pid = models.indexOf(model) + 1, tid = at + 1;
    traceEvents.push({name: 'process_name', ph: 'M', pid, tid, args: {name: model}}, {name: 'thread_name', ph: 'M', pid, tid, args: {name: `wxnn ${peer}`}});
    let ts = 0;  // microseconds
    for (const {node, op, ms, runs} of nodes) {
      traceEvents.push({name: op, cat: 'node', ph: 'X', pid, tid, ts, dur: ms * 1000, args: {node, runs}});
      ts += ms * 1000;
    }
  }
  return {traceEvents, displayTimeUnit: 'ms'};
}

module.exports = {traceOf};
