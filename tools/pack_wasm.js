#!/usr/bin/env node
'use strict';
// Compresses what is shipped as small as we can: 3% smaller than libbrotli, by our own encoder (tools/brotli), in a minute or two. What it
// made it keeps in .cache/brotli, by the hash of what went in: the same file again costs nothing.
//
//   tools/pack_wasm.js                  the binaries of plugin/wasm and the face operators' one
//   tools/pack_wasm.js FROM TO.br ...   these
//
// tools/build compresses with Node's brotli, in a second; tools/package calls this.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const { execFileSync } = require('node:child_process');

const root = path.join(__dirname, '..');
const cache = path.join(root, '.cache/brotli');
const SHIPPED = [
  ['build/plain/wxnn-plain.wasm', 'plugin/wasm/wxnn-plain.wasm.br'],
  ['build/plain/wxnn-plain-tfjs.wasm', 'plugin/wasm/wxnn-plain-tfjs.wasm.br'],
  ['build/simd/wxnn-simd.wasm', 'plugin/wasm/wxnn-simd.wasm.br'],
  ['build/simd/wxnn-simd-faces.wasm', 'build/simd/wxnn-simd-faces.wasm.br'],
];
const COMPILE = ['-std=c++20', '-O3', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror']; // the same floats, and thus files, everywhere

function write(file, bytes) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  fs.writeFileSync(fresh, bytes);
  fs.renameSync(fresh, file);
}

/** The encoder's program, which has a hash of its sources in its name. */
function encoder() {
  const folder = path.join(__dirname, 'brotli');
  const sources = fs.readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name)).sort().map((name) => path.join(folder, name));
  const hash = crypto.createHash('sha256').update(COMPILE.join());
  for (const file of sources) hash.update(fs.readFileSync(file));
  const program = path.join(cache, `encoder-${hash.digest('hex').slice(0, 16)}`);
  if (!fs.existsSync(program)) {
    fs.mkdirSync(cache, { recursive: true });
    const fresh = `${program}.${process.pid}`;
    execFileSync('g++', [...COMPILE, '-o', fresh, ...sources.filter((file) => file.endsWith('.cc')), '-lbrotlicommon'], { stdio: ['ignore', 2, 2] });
    fs.renameSync(fresh, program);
  }
  return program;
}

/** A brotli stream of `bytes`. */
function pack(bytes) {
  const program = encoder();
  const hash = crypto.createHash('sha256').update(path.basename(program)).update(bytes).digest('hex');
  const kept = path.join(cache, `${hash.slice(0, 32)}.br`);
  if (!fs.existsSync(kept)) {
    const from = `${kept}.${process.pid}.in`;
    write(from, bytes);
    execFileSync(program, [from, `${from}.out`], { stdio: ['ignore', 2, 2] });
    const packed = fs.readFileSync(`${from}.out`);
    fs.rmSync(from);
    fs.rmSync(`${from}.out`);
    if (!zlib.brotliDecompressSync(packed).equals(bytes)) throw new Error(`pack_wasm: the encoder is wrong (${kept}).`);
    write(kept, packed);
  }
  return fs.readFileSync(kept);
}

/** Packs what is there into files; what is as it should be is not touched. */
function packFiles(pairs = SHIPPED) {
  for (const [from, to] of pairs.map((pair) => pair.map((file) => path.resolve(root, file)))) {
    if (!fs.existsSync(from)) continue;
    const bytes = fs.readFileSync(from);
    const packed = pack(bytes);
    if (fs.existsSync(to) && fs.readFileSync(to).equals(packed)) continue;
    write(to, packed);
    console.error(`tools/pack_wasm: ${path.relative(root, to)}: ${packed.length} bytes (${bytes.length} before brotli)`);
  }
}

if (require.main === module) {
  const files = process.argv.slice(2).map((file) => path.resolve(file));
  const pairs = files.flatMap((file, i) => (i % 2 === 0 ? [[file, files[i + 1]]] : []));
  packFiles(pairs.length > 0 ? pairs : SHIPPED);
}
module.exports = { SHIPPED, pack, packFiles };
