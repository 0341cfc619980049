'use strict';

/** Largest difference of any output from ours, over that output's largest magnitude. */
function difference(ours, theirs) {
  let worst = 0;
  for (const {data, shape} of ours) {
    const candidates = theirs.filter((o) => o.data.length === data.length).map((o) => {
      const largest = o.data.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-30);
      return o.data.reduce((m, x, i) => Math.max(m, Math.abs(x - data[i])), 0) / largest;
    });
    if (!candidates.length) throw new Error(`no output of shape [${shape}] on the other side`);
    worst = Math.max(worst, Math.min(...candidates));
  }
  return worst;
}

module.exports = {difference};
