'use strict';
// The machine's limit without fused multiply-adds, as a WebAssembly engine reaches it: independent chains of multiply and add, in
// registers, of one float or of four.

const leb = (n) => n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)];
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const simd = (code) => [0xfd, ...leb(code)];

/** (func (param $n i32) (loop, n times: every chain becomes chain * x + x) (result i32: 0)) */
function moduleOf(chains, vectors) {
  const number = [0x43, 0, 0, 0, 0x3f];  // 0.5: chains stay near 1
  const value = vectors ? [...number, ...simd(19)] : number;
  const [multiply, add] = vectors ? [simd(230), simd(228)] : [[0x94], [0x92]];
  const x = chains + 1;
  const body = [...value, 0x21, x];
  for (let i = 1; i <= chains; i++) body.push(...value, 0x21, i);
  body.push(0x03, 0x40);
  for (let i = 1; i <= chains; i++) body.push(0x20, i, 0x20, x, ...multiply, 0x20, x, ...add, 0x21, i);
  body.push(0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b);
  // The chains' end, so that none is dead.
  body.push(0x20, 1);
  for (let i = 2; i <= chains; i++) body.push(0x20, i, ...add);
  body.push(...(vectors ? [...simd(31), 0] : []), 0x0b);
  const code = [1, ...leb(chains + 1), vectors ? 0x7b : 0x7d, ...body];
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]), ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]), ...section(10, [1, ...leb(code.length), ...code])]);
}

/** GFLOP/s of the best number of chains. */
async function measureLimit(vectors) {
  let best = 0;
  for (const chains of [8, 10, 12, 14]) {
    const {instance} = await WebAssembly.instantiate(moduleOf(chains, vectors));
    for (let round = 0; round < 8; round++) {  // the first ones before the optimising compiler is done
      const start = performance.now();
      instance.exports.f(1000000);
      best = Math.max(best, 2e-6 * 1000000 * chains * (vectors ? 4 : 1) / (performance.now() - start));
    }
  }
  return best;
}

module.exports = {measureLimit};
