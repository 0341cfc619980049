'use strict';
// Writes small .tflite files in JavaScript: a model of one subgraph from plain objects.
//
//   tfliteFile({ tensors: [{shape, data?, variable?}], inputs: [0], outputs: [1], nodes: [{code, inputs, outputs, options: [71, [...]]}] })

/** A table: its fields in order; undefined ones are absent. */
const table = (...fields) => ({ fields });
const int = (n) => ({ int: n });
const float = (n) => ({ float: n });
const ints = (list) => ({ bytes: Buffer.from(Int32Array.from(list).buffer), count: list.length });

class Writer {
  bytes = Buffer.alloc(0);

  reserve(size, align = 4, before = 0) {
    let at = this.bytes.length;
    while ((at + before) % align) at++;
    this.bytes = Buffer.concat([this.bytes, Buffer.alloc(at + size - this.bytes.length)]);
    return at;
  }

  /** Children lie behind what refers to them. @returns {number} where it lies */
  write(value) {
    if (value.fields) return this.writeTable(value.fields);
    const count = value.tables ? value.tables.length : value.count;
    const at = this.reserve(4 + (value.tables ? 4 * count : value.bytes.length), 16, 4);
    this.bytes.writeUInt32LE(count, at);
    if (value.bytes) value.bytes.copy(this.bytes, at + 4);
    (value.tables || []).forEach((child, i) => this.refer(at + 4 + 4 * i, child));
    return at;
  }

  refer(from, child) {
    const to = this.write(child);
    this.bytes.writeUInt32LE(to - from, from);
  }

  writeTable(fields) {
    const slots = this.reserve(4 + 2 * fields.length);
    const at = this.reserve(4 + 4 * fields.length);
    this.bytes.writeUInt16LE(4 + 2 * fields.length, slots);
    this.bytes.writeUInt16LE(4 + 4 * fields.length, slots + 2);
    this.bytes.writeInt32LE(at - slots, at);
    fields.forEach((field, i) => {
      if (field === undefined) return;
      const place = at + 4 + 4 * i;
      this.bytes.writeUInt16LE(place - at, slots + 4 + 2 * i);
      if ('int' in field) this.bytes.writeInt32LE(field.int, place);
      else if ('float' in field) this.bytes.writeFloatLE(field.float, place);
      else this.refer(place, field);
    });
    return at;
  }
}

/** @returns {Uint8Array} */
function tfliteFile({ tensors, inputs, outputs, nodes }) {
  const buffers = [table()];
  const text = (s) => ({ bytes: Buffer.from(`${s}\0`), count: s.length });
  const tensorTables = tensors.map(({ shape, data, variable }, i) => {
    if (data) buffers.push(table({ bytes: Buffer.from(Float32Array.from(data).buffer), count: 4 * data.length }));
    return table(ints(shape), int(0), int(data ? buffers.length - 1 : 0), text(`t${i}`), undefined, int(variable ? 1 : 0));
  });
  const operators = nodes.map((node, i) => table(int(i), ints(node.inputs), ints(node.outputs), int(node.options[0]), table(...node.options[1])));
  const model = table(
    int(3), { tables: nodes.map(({ code }) => table(int(code), undefined, int(1), int(code))) },
    { tables: [table({ tables: tensorTables }, ints(inputs), ints(outputs), { tables: operators })] }, undefined, { tables: buffers });
  const writer = new Writer();
  const root = writer.reserve(8);
  writer.bytes.write('TFL3', 4, 'latin1');
  writer.refer(root, model);
  return Uint8Array.from(writer.bytes);
}

module.exports = { tfliteFile, int, float };
