#!/usr/bin/env node
'use strict';
// `npx wxnn convert …`: the converter as WebAssembly, for machines that have Node and no build of it. In the npm package the program lies
// beside this file, in a checkout where tools/build puts it.

const fs = require('node:fs');
const path = require('node:path');

const COMMANDS = { convert: 'wxnn-convert.js' };
const usage = `npx wxnn convert MODEL -o OUT.tflite [OPTIONS]    makes a .tflite file of a TensorFlow, TensorFlow.js or ONNX model

npx wxnn convert --help says more.
`;

function main() {
  const [command, ...rest] = process.argv.slice(2);
  if (command === undefined || command === '--help' || command === '-h') return process.stdout.write(usage);
  if (!Object.hasOwn(COMMANDS, command)) {
    process.exitCode = 2;
    return process.stderr.write(`npx wxnn: there is no command "${command}".\n\n${usage}`);
  }
  if (Number(process.versions.node.split('.')[0]) < 20) {
    process.exitCode = 2;
    return process.stderr.write(`npx wxnn: Node 20 or newer is needed, and this is Node ${process.versions.node}.\n`);
  }
  const places = [__dirname, path.join(__dirname, '../build/simd')].map((folder) => path.join(folder, COMMANDS[command]));
  const program = places.find((file) => fs.existsSync(file));
  if (!program) {
    process.exitCode = 2;
    return process.stderr.write('npx wxnn: the converter is not built: tools/build convert-wasm makes it.\n');
  }
  process.argv = [process.argv[0], program, ...rest];
  return require(program);
}

main();
