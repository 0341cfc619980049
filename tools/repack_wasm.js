'use strict';
// Rewrites a WebAssembly file in place so that brotli makes it smaller (3%). It stays the same program: what changes is what the format
// leaves open. Functions that are alike come to stand side by side, the locals of a function take the numbers that other functions
// use in like places, and what the linker exports of its own is not exported. The build calls it behind the linker (cmake/wasm_binary.cmake).
//
//   node tools/repack_wasm.js FILE.wasm
//
// The result depends on the file alone. A file that holds the names of functions stays as it is.

const fs = require('node:fs');
const zlib = require('node:zlib');

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, start: 8, element: 9, code: 10 };
const LINKERS = ['_emscripten_stack_restore', 'emscripten_stack_get_current']; // nobody calls them; that of the loops' stack a test does
const EXTERNAL = { function: 0, table: 1, memory: 2 };

// --- reading: https://webassembly.github.io/spec/core/binary -----------------------------------------------------------------------

class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  number() {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const b = this.byte();
      value += (b % 128) * unit;
      if (b < 128) return value;
    }
  }
  take(n) {
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  list(item) {
    return Array.from({ length: this.number() }, item);
  }
}

function refuse(what) {
  throw new Error(`repack_wasm: ${what} is not expected`);
}

// How many numbers stand behind an instruction of one byte; what is not here has none.
const NUMBERS = { 0x02: 1, 0x03: 1, 0x04: 1, 0x0c: 1, 0x0d: 1, 0x11: 2, 0x23: 1, 0x24: 1, 0x3f: 1, 0x40: 1, 0x41: 1, 0x42: 1 };
for (let load = 0x28; load <= 0x3e; ++load) NUMBERS[load] = 2;

/** Steps over what stands behind instruction `op`, locals and calls excepted. */
function skipOperands(r, op) {
  for (let n = NUMBERS[op] ?? 0; n > 0; --n) r.number();
  if (op === 0x0e) for (let n = r.number(); n >= 0; --n) r.number(); // br_table
  if (op === 0x43) r.take(4); // f32.const
  if (op === 0x44) r.take(8); // f64.const
  if (op === 0x1c) r.take(r.number()); // select with a type
  if (op === 0xfc && r.number() >= 8) refuse('bulk memory');
  if (op === 0xfd) {
    const sub = r.number();
    const lane = sub >= 84 && sub <= 91; // loads and stores of one lane
    if (sub <= 11 || lane || sub === 92 || sub === 93) [r.number(), r.number()];
    if (sub === 12 || sub === 13) r.take(16); // v128.const, shuffle
    if (lane || (sub >= 21 && sub <= 34)) r.byte();
  }
  if (op >= 0xd0 && op <= 0xd2) refuse('a reference');
  if (op === 0xfe) refuse('an atomic instruction');
}

/** A function's code as bytes, and where locals and called functions stand in it. Their numbers take one byte each here, so that places
 * stay when numbers change. */
function readCode(r, end) {
  const bytes = [];
  const uses = [];
  while (r.at < end) {
    const start = r.at;
    const op = r.byte();
    const local = op >= 0x20 && op <= 0x22;
    if (local || op === 0x10) {
      bytes.push(op);
      uses.push({ at: bytes.length, local, number: r.number() });
      bytes.push(0);
    } else {
      skipOperands(r, op);
      for (let i = start; i < r.at; ++i) bytes.push(r.bytes[i]);
    }
  }
  for (const use of uses) bytes[use.at] = use.number % 256;
  return { bytes: Uint8Array.from(bytes), uses };
}

/** Null for a file with the names of functions, which is there to be looked at. */
function read(bytes) {
  const m = { head: bytes.subarray(0, 8), sections: [], imported: 0, isPart: false, types: [], exports: [], elements: [], functions: [] };
  const r = new Reader(bytes, 8);
  let parameters = [];
  while (r.at < bytes.length) {
    const id = r.byte();
    const size = r.number();
    const end = r.at + size;
    m.sections.push({ id, data: bytes.subarray(r.at, end) });
    if (id === SECTION.custom && Buffer.from(r.take(r.number())).toString() === 'name') return null;
    if (id === SECTION.start) refuse('a start function');
    if (id === SECTION.type) parameters = r.list(() => [r.byte(), r.take(r.number()).length, r.take(r.number())][1]);
    if (id === SECTION.import) {
      r.list(() => {
        r.take(r.number());
        r.take(r.number());
        const kind = r.byte();
        if (kind === EXTERNAL.function) ++m.imported;
        if (kind === EXTERNAL.memory) m.isPart = true;
        if (kind === EXTERNAL.table) r.byte();
        if (kind === EXTERNAL.function) r.number();
        else if (r.byte() % 2 === 1) [r.number(), r.number()];
        else r.number();
      });
    }
    if (id === SECTION.function) m.types = r.list(() => r.number());
    if (id === SECTION.export) {
      m.exports = r.list(() => ({ name: r.take(r.number()), kind: r.byte(), index: r.number() }));
      if (!m.isPart) m.exports = m.exports.filter(({ name }) => !LINKERS.includes(Buffer.from(name).toString()));
    }
    if (id === SECTION.element) {
      m.elements = r.list(() => {
        const start = r.at;
        if (r.byte() !== 0) refuse('a table of anything but functions');
        while (r.byte() !== 0x0b);
        return { head: bytes.subarray(start, r.at), functions: r.list(() => r.number()) };
      });
    }
    if (id === SECTION.code) {
      let i = 0;
      m.functions = r.list(() => {
        const bodyEnd = r.number() + r.at;
        const locals = r.list(() => [r.number(), r.byte()]).flatMap(([n, type]) => Array(n).fill(type));
        return { parameters: parameters[m.types[i++]], locals, ...readCode(r, bodyEnd) };
      });
    }
    r.at = end;
  }
  return m;
}

// --- writing -----------------------------------------------------------------------------------------------------------------------

function number(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) + 128);
  return [...out, n];
}
const list = (items) => Buffer.concat([Buffer.from(number(items.length)), ...items.map((x) => Buffer.from(x))]);
const sized = (bytes) => [...number(bytes.length), ...bytes];

/** `order[new]` is a function's old place. */
function write(m, order) {
  const place = [];
  order.forEach((old, now) => (place[old] = now));
  const now = (f) => number(f < m.imported ? f : m.imported + place[f - m.imported]);
  const written = {
    [SECTION.function]: () => order.map((old) => number(m.types[old])),
    [SECTION.export]: () => m.exports.map((e) => [...sized(e.name), e.kind, ...(e.kind === EXTERNAL.function ? now(e.index) : number(e.index))]),
    [SECTION.element]: () => m.elements.map((e) => [...e.head, ...list(e.functions.map(now))]),
    [SECTION.code]: () => order.map((old) => sized(writeFunction(m.functions[old], now))),
  };
  const out = [m.head];
  for (const { id, data } of m.sections) {
    const to = id in written ? list(written[id]()) : data;
    out.push(Buffer.from([id, ...number(to.length)]), to);
  }
  return Buffer.concat(out);
}

function writeFunction(f, now) {
  const groups = [];
  for (const type of f.locals) {
    if (groups.at(-1)?.[1] === type) ++groups.at(-1)[0];
    else groups.push([1, type]);
  }
  const out = [...list(groups.map(([n, type]) => [...number(n), type]))];
  let from = 0;
  for (const use of f.uses) {
    for (let i = from; i < use.at; ++i) out.push(f.bytes[i]);
    out.push(...(use.local ? number(use.number) : now(use.number)));
    from = use.at + 1;
  }
  for (let i = from; i < f.bytes.length; ++i) out.push(f.bytes[i]);
  return out;
}

// --- functions that are alike, side by side ------------------------------------------------------------------------------------------

/** For each two functions, how many runs of `length` bytes both have, in proportion to their sizes; rare runs count more. */
function likeness(functions, length) {
  const count = functions.length;
  const users = new Map();
  functions.forEach(({ bytes }, f) => {
    const runs = new Set();
    for (let i = length; i <= bytes.length; ++i) runs.add(bytes.slice(i - length, i).reduce((run, byte) => run * 256 + byte, 0));
    for (const run of runs) users.has(run) ? users.get(run).push(f) : users.set(run, [f]);
  });
  const shared = new Float64Array(count * count);
  const sizes = new Float64Array(count);
  for (const those of users.values()) {
    const weight = 1 / Math.sqrt(those.length);
    for (const a of those) {
      sizes[a] += weight;
      for (const b of those) shared[a * count + b] += weight;
    }
  }
  return shared.map((weight, i) => weight / (sizes[Math.floor(i / count)] + sizes[i % count]));
}

/** Begins with the first function; the next is always the most like those before it, each of which counts `fading` times the one behind it. */
function chain(alike, count, fading) {
  const order = [0];
  const likeThose = new Float64Array(count);
  const left = new Set(likeThose.keys());
  left.delete(0);
  while (left.size > 0) {
    const last = order.at(-1);
    let best = -1;
    for (const f of left) {
      likeThose[f] = likeThose[f] * fading + alike[last * count + f];
      if (best < 0 || likeThose[f] > likeThose[best]) best = f;
    }
    order.push(best);
    left.delete(best);
  }
  return order;
}

/** Several orders: which is best differs by half a percent from binary to binary. Of 56 these six had the best of four binaries among them. */
function* ordersByLikeness(functions) {
  for (const [length, fadings] of [[4, [0.3, 0.5, 0.7, 0.9]], [5, [0.7, 0.9]]]) {
    const alike = likeness(functions, length);
    for (const fading of fadings) yield chain(alike, functions.length, fading);
  }
}

/** As tools/build compresses. */
function compressedSize(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params = { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 22, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return zlib.brotliCompressSync(bytes, { params }).length;
}

// --- numbers of locals ---------------------------------------------------------------------------------------------------------------

const LENGTHS = [6, 4, 3, 2, 1]; // of contexts, in bytes
const TABLE_BITS = 20;

/** How often which byte came behind which bytes, in all functions: what a byte would cost. */
class Contexts {
  constructor() {
    this.seen = LENGTHS.map(() => new Uint16Array(1 << TABLE_BITS));
    this.followed = LENGTHS.map(() => new Uint16Array(1 << TABLE_BITS));
  }
  static hash(bytes, i, length) {
    let h = Math.imul(length, 0x9e3779b1);
    for (let k = i - length; k < i; ++k) {
      h = Math.imul(h ^ (k < 0 ? 255 : bytes[k]), 0x85ebca6b);
      h ^= h >>> 13;
    }
    return h;
  }
  static slot(h) {
    return h >>> (32 - TABLE_BITS);
  }
  static with(h, byte) {
    return Contexts.slot(Math.imul(h ^ Math.imul(byte + 1, 0x27d4eb2d), 0xc2b2ae35));
  }
  /** times: 1 puts the bytes in, -1 takes them out. */
  count(bytes, times) {
    for (let i = 0; i < bytes.length; ++i) {
      LENGTHS.forEach((length, t) => {
        const h = Contexts.hash(bytes, i, length);
        this.seen[t][Contexts.slot(h)] += times;
        this.followed[t][Contexts.with(h, bytes[i])] += times;
      });
    }
  }
  /** Bits for byte i: the longest context that was seen counts most. */
  cost(bytes, i) {
    const WEIGHT = 1.5; // of what shorter contexts say
    let p = 1 / 256;
    for (let t = LENGTHS.length - 1; t >= 0; --t) {
      const h = Contexts.hash(bytes, i, LENGTHS[t]);
      const seen = this.seen[t][Contexts.slot(h)];
      if (seen === 0) break;
      p = (this.followed[t][Contexts.with(h, bytes[i])] + WEIGHT * p) / (seen + WEIGHT);
    }
    return -Math.log2(p);
  }
}

/** Exchanges numbers of locals of one type as long as that makes the function's bytes cheaper. */
function renumber(f, contexts) {
  const places = Array.from({ length: f.parameters + f.locals.length }, () => []);
  for (const use of f.uses) if (use.local) places[use.number].push(use.at);
  const costOf = (ats) => {
    const touched = new Set();
    for (const at of ats) for (let i = at; i <= at + LENGTHS[0] && i < f.bytes.length; ++i) touched.add(i);
    let bits = 0;
    for (const i of touched) bits += contexts.cost(f.bytes, i);
    return bits;
  };
  const exchange = (a, b) => {
    [places[a], places[b]] = [places[b], places[a]];
    for (const at of places[a]) f.bytes[at] = a;
    for (const at of places[b]) f.bytes[at] = b;
  };
  const AGAIN = 4;
  for (let round = 0, better = true; better && round < AGAIN; ++round) {
    better = false;
    for (let a = f.parameters; a < places.length; ++a) {
      for (let b = a + 1; b < places.length; ++b) {
        if (f.locals[a - f.parameters] !== f.locals[b - f.parameters]) continue;
        const touched = [...places[a], ...places[b]];
        const before = costOf(touched);
        exchange(a, b);
        if (costOf(touched) < before - 0.5) better = true;
        else exchange(a, b);
      }
    }
  }
  const numbers = new Map(places.flatMap((ats, local) => ats.map((at) => [at, local])));
  for (const use of f.uses) if (use.local) use.number = numbers.get(use.at);
}

function renumberAll(functions) {
  const ROUNDS = 2;
  const contexts = new Contexts();
  for (const f of functions) contexts.count(f.bytes, 1);
  for (let round = 0; round < ROUNDS; ++round) {
    for (const f of functions) {
      if (f.locals.length < 2) continue;
      contexts.count(f.bytes, -1); // what a function says of itself is no reason to leave it so
      renumber(f, contexts);
      contexts.count(f.bytes, 1);
    }
  }
}

function repackOnce(bytes) {
  const m = read(bytes);
  if (m === null) return bytes;
  renumberAll(m.functions);
  const candidates = [...ordersByLikeness(m.functions)].map((order) => write(m, order));
  const sizes = candidates.map(compressedSize);
  return candidates[sizes.indexOf(Math.min(...sizes))];
}

/** Once more, with locals that are alike already, brings another 0.3%. */
function repack(bytes) {
  return repackOnce(repackOnce(bytes));
}

if (require.main === module) fs.writeFileSync(process.argv[2], repack(fs.readFileSync(process.argv[2])));
module.exports = { repack };
