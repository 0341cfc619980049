'use strict';
// What a WebAssembly binary asks of an engine: imports, exports, and the features beyond the first version (MVP) that its
// sections and instructions use. Follows https://webassembly.github.io/spec/core/binary/.

const VALUE_TYPES = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref', 0x6f: 'externref' };
const KINDS = ['function', 'table', 'memory', 'global', 'tag'];

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  byte() {
    if (this.at >= this.bytes.length) throw new Error('the binary ends too early');
    return this.bytes[this.at++];
  }
  skip(count) { this.at += count; }
  /** LEB128 of any width; signed ones are only skipped with it. */
  leb() {
    let value = 0, scale = 1, byte;
    do {
      byte = this.byte();
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    return value;
  }
  name() {
    const length = this.leb();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString();
  }
  list(read) {
    const items = [];
    for (let count = this.leb(); count > 0; count--) items.push(read());
    return items;
  }
}

/**
 * `table`: which function stands at each place; `called`: functions that some instruction calls, not by a place; `grows`: whether any
 * instruction grows the memory.
 * @returns {{imports: {module, name, kind}[], exports: {name, kind}[], features: Set<string>, memory: {initial, maximum}, table: number[],
 *   called: Set<number>, grows: boolean}}
 */
function parseModule(bytes) {
  const r = new Reader(bytes);
  const result = { imports: [], exports: [], features: new Set(), memory: undefined, table: [], called: new Set(), grows: false };
  const use = (feature) => result.features.add(feature);
  if (Buffer.from(bytes.subarray(0, 8)).toString('hex') !== '0061736d01000000') throw new Error('this is no WebAssembly binary');
  r.skip(8);

  const valueType = () => {
    const type = VALUE_TYPES[r.byte()];
    if (type === 'v128') use('simd');
    if (!type || /ref$/.test(type)) use('reference-types');
    return type;
  };
  const limits = () => {
    const flags = r.byte();
    if (flags & 2) use('threads');
    if (flags & 4) use('memory64');
    return { initial: r.leb(), maximum: flags & 1 ? r.leb() : undefined };
  };
  const tableType = () => {
    if (r.byte() !== 0x70) use('reference-types');
    return limits();
  };
  const sections = {
    1: () => r.list(() => {
      if (r.byte() !== 0x60) use('gc');
      r.list(valueType);
      if (r.list(valueType).length > 1) use('multi-value');
    }),
    2: () => r.list(() => {
      const entry = { module: r.name(), name: r.name(), kind: KINDS[r.byte()] };
      result.imports.push(entry);
      if (entry.kind === 'function') r.leb();
      else if (entry.kind === 'table') tableType();
      else if (entry.kind === 'memory') result.memory = limits();
      else {
        valueType();
        if (r.byte()) use('mutable-globals');
      }
    }),
    4: () => { if (r.list(tableType).length > 1) use('reference-types'); },
    5: () => { [result.memory] = r.list(limits); },
    7: () => r.list(() => {
      const entry = { name: r.name(), kind: KINDS[r.byte()] };
      r.leb();
      result.exports.push(entry);
    }),
    9: () => r.list(() => {
      if (r.leb() !== 0 || r.byte() !== 0x41) throw new Error('a list of table entries is written in a way that is not known here');
      let place = r.leb();
      r.byte();
      for (const index of r.list(() => r.leb())) result.table[place++] = index;
    }),
    10: () => r.list(() => body(r, use, valueType, result)),
    12: () => use('bulk-memory'),
    13: () => use('exceptions'),
  };
  while (r.at < bytes.length) {
    const id = r.byte();
    const end = r.leb() + r.at;
    if (sections[id]) sections[id]();
    if (id === 10 && r.at !== end) throw new Error(`the code section ends at byte ${r.at} instead of ${end}`);
    r.at = end;
  }
  return result;
}

function body(r, use, valueType, result) {
  const end = r.leb() + r.at;
  r.list(() => {
    r.leb();
    valueType();
  });
  while (r.at < end) instruction(r, use, valueType, result);
  if (r.at !== end) throw new Error(`a function's body ends at byte ${r.at} instead of ${end}`);
}

function instruction(r, use, valueType, result) {
  const code = r.byte();
  const indices = (count) => { for (let i = 0; i < count; i++) r.leb(); };
  const memory = () => {
    if (r.leb() & 64) use('multi-memory');
    r.leb();
  };
  if (code >= 0x02 && code <= 0x04) {
    const at = r.at;
    const type = r.byte();
    if (type === 0x40) return;
    r.at = at;
    if (VALUE_TYPES[type]) valueType();
    else {
      use('multi-value');
      r.leb();
    }
  } else if (code === 0x10) result.called.add(r.leb());
  else if ([0x0c, 0x0d].includes(code) || (code >= 0x20 && code <= 0x24)) r.leb();
  else if (code === 0x0e) {
    r.list(() => r.leb());
    r.leb();
  } else if (code === 0x11) {
    r.leb();
    const at = r.at;
    if (r.leb() !== 0 || r.at !== at + 1) use('reference-types');  // old engines refuse the padded form of 0 too
  } else if (code === 0x12) {
    use('tail-call');
    r.leb();
  } else if (code === 0x13) {
    use('tail-call');
    indices(2);
  } else if (code === 0x1c) {
    use('reference-types');
    r.list(valueType);
  } else if (code === 0x25 || code === 0x26 || code === 0xd0 || code === 0xd2) {
    use('reference-types');
    r.leb();
  } else if (code === 0xd1) use('reference-types');
  else if (code >= 0x28 && code <= 0x3e) memory();
  else if (code === 0x3f || code === 0x40) {
    if (code === 0x40) result.grows = true;
    r.byte();
  }
  else if (code === 0x41 || code === 0x42) r.leb();
  else if (code === 0x43) r.skip(4);
  else if (code === 0x44) r.skip(8);
  else if (code >= 0xc0 && code <= 0xc4) use('sign-ext');
  else if (code === 0xfc) miscellaneous(r.leb(), use, indices);
  else if (code === 0xfd) vector(r, use, memory);
  else if (code === 0xfe) {
    use('threads');
    if (r.leb() === 3) r.byte();
    else memory();
  } else if (![0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b].includes(code) && !(code >= 0x45 && code <= 0xbf)) {
    throw new Error(`opcode 0x${code.toString(16)} at byte ${r.at - 1} is not known here`);
  }
}

function miscellaneous(code, use, indices) {
  if (code <= 7) return use('sat-float-to-int');
  use(code <= 11 ? 'bulk-memory' : 'reference-types');
  indices([8, 10, 12, 14].includes(code) ? 2 : 1);
}

function vector(r, use, memory) {
  const code = r.leb();
  use(code >= 0x100 ? 'relaxed-simd' : 'simd');
  if (code <= 11 || code === 92 || code === 93) memory();
  else if (code === 12 || code === 13) r.skip(16);
  else if (code >= 21 && code <= 34) r.byte();
  else if (code >= 84 && code <= 91) {
    memory();
    r.byte();
  }
}

module.exports = { parseModule };
