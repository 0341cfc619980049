'use strict';

/** Numbers in [-1, 1) that every peer on every host gets alike (mulberry32). */
function seededInput(length) {
  let state = 20261123;
  return Float32Array.from({length}, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

module.exports = {seededInput};
