// What the short-range detector computes on numbers that every engine makes alike: for tests/simulator/engines.js, so no require.
'use strict';

module.exports = function (wxnn) {
  let model;
  return wxnn.loadModel('/models/short.br', { variant: 'plain' }).then((loaded) => {
    model = loaded;
    const input = new Float32Array(128 * 128 * 3);
    let seed = 1;
    for (let i = 0; i < input.length; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      input[i] = seed / 0x40000000 - 1;
    }
    const outputs = model.run(input);
    const result = { variant: model.backend.variant, reasons: model.backend.reasons.slice(), hashes: {} };
    Object.keys(outputs).forEach((name) => {
      const { data } = outputs[name];
      const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
      let hash = 2166136261;
      for (let i = 0; i < bits.length; i++) hash = Math.imul(hash ^ bits[i], 16777619) >>> 0;
      result.hashes[name] = hash;
    });
    model.dispose();
    return wxnn.probe().then(({ variant, reasons }) => {
      result.chosen = variant;
      result.why = reasons.slice();
      return result;
    });
  });
};
