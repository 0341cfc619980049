'use strict';
// Streams of tools/brotli, read by Node's decoder.

const assert = require('node:assert/strict');
const test = require('node:test');
const zlib = require('node:zlib');
const { pack } = require('../../tools/pack_wasm.js');

/** Numbers from 0 to below n that follow from a seed (xorshift32). */
function randomFrom(seed) {
  let x = seed || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

/** Text of few letters, with repetitions at all distances. */
function repetitive(random, length, letters) {
  const out = [];
  while (out.length < length) {
    if (out.length < 3 || random(3) === 0) {
      for (let n = random(20); n >= 0; --n) out.push(random(letters));
    } else {
      const distance = 1 + random(random(2) === 0 ? 30 : out.length);
      for (let n = random(random(10) === 0 ? 3000 : 12); n >= 0; --n) out.push(out[Math.max(out.length - distance, 0)]);
    }
  }
  return Buffer.from(out.slice(0, length));
}

const random = randomFrom(7);
const bytes = (length, letters) => Buffer.from(Array.from({ length }, () => random(letters)));
const INPUTS = {
  'nothing': Buffer.alloc(0),
  'one byte': Buffer.of(7),
  'two bytes': Buffer.of(255, 0),
  'three that are one': Buffer.of(9, 9, 9),
  'a million zeros': Buffer.alloc(1 << 20),
  'a period of five': Buffer.alloc(200000, 'abcde'),
  'random bytes': bytes(5000, 256),
  'few letters': bytes(10000, 3),
  'every byte once': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  'words of the dictionary': Buffer.from('The Content-Type of this document is application/javascript, which is not available. '.repeat(3)),
  'zeros, noise, zeros': Buffer.concat([Buffer.alloc(70000), bytes(3000, 256), Buffer.alloc(70000)]),
};
for (let i = 0; i < 8; ++i) INPUTS[`repetitions ${i}`] = repetitive(random, 1 + random(i < 4 ? 300 : 4000), 1 + random(i % 2 === 0 ? 6 : 256));
for (const size of [16, 17, 65520, 65521, 65536, 65537]) INPUTS[`${size} bytes`] = Buffer.alloc(size, repetitive(random, 2000, 40));

for (const [name, input] of Object.entries(INPUTS)) {
  test(`${name}: decodes to what went in`, () => {
    const packed = pack(input);
    assert.ok(zlib.brotliDecompressSync(packed).equals(input));
    assert.ok(packed.length <= input.length + 8, `${packed.length} bytes of ${input.length}`);
  });
}

test('is not larger than libbrotli\'s', () => {
  const code = repetitive(randomFrom(3), 8000, 60);
  assert.ok(pack(code).length <= zlib.brotliCompressSync(code).length);
});
