'use strict';
// tfjs-core, its tests and the CPU backend as modules of a mini-program's host, in the simulator's logic layer, and the packed plugin
// beside them: nothing of Node is in reach of theirs.

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { createMiniProgram } = require('../simulator');

const PLUGIN = path.join(__dirname, '../../plugin');
/** Of jasmine, as test files use it. */
const JASMINE = ['describe', 'xdescribe', 'fdescribe', 'it', 'xit', 'fit', 'beforeEach', 'afterEach', 'beforeAll', 'afterAll', 'expect', 'expectAsync', 'fail', 'pending', 'spyOn', 'spyOnProperty', 'jasmine'];

/** jasmine, outside, knows values of the other realm by their tag. */
function recogniseTags() {
  for (const known of [RegExp, Error, Promise]) {
    Object.defineProperty(known, Symbol.hasInstance, { value: (value) => Object.prototype.toString.call(value) === `[object ${known.name}]` });
  }
}

/**
 * A require() that runs modules, found as Node finds them, inside the program. `global`: what WeChat's modules know by that name.
 * @param {ReturnType<typeof createMiniProgram>} program
 */
function requireInside(program) {
  /** @type {{[file: string]: {exports: any}}} */
  const modules = {};
  const global = program.run('globalThis');
  const load = (file) => {
    if (modules[file]) return modules[file].exports;
    const module = (modules[file] = { exports: program.run('({})') });
    if (file.endsWith('.json')) return (module.exports = program.run(`(${fs.readFileSync(file, 'utf8')})`));
    const find = Module.createRequire(file);
    const wrapper = program.run(`(function (require, module, exports, global) {${fs.readFileSync(file, 'utf8')}\n})`);
    wrapper((name) => {
      const found = find.resolve(name);
      if (!path.isAbsolute(found)) throw new Error(`module '${name}' is not defined, require args is '${name}'`);
      return load(found);
    }, module, module.exports, global);
    return module.exports;
  };
  return load;
}

/**
 * @param {string} dist the copy of tfjs-core (one_core.js, which sends every request for tfjs-core there)
 * @param {string} cpu the CPU backend's folder
 */
async function openSimulator(dist, cpu) {
  recogniseTags();
  const program = createMiniProgram({ pluginRoot: PLUGIN });
  const load = requireInside(program);
  const backend = load(path.join(dist, 'backends/backend.js'));
  // npm's bundles are ES5 and subclass by calling; native classes refuse that.
  backend.KernelBackend = program.run('(made) => new Proxy(made, { apply: (_, self, args) => Reflect.construct(made, args, self.constructor) })')(backend.KernelBackend);
  const tf = load(path.join(dist, 'index.js'));
  load(Module.createRequire(__filename).resolve(cpu));
  const wxnn = program.requirePlugin('wxnn');
  const choice = await wxnn.configPlugin({ tf, prefer: 'wasm' });
  return {
    tf, load, wxnn, choice,
    /** Hands jasmine's functions, as they are now, to the test files. */
    giveJasmine: () => Object.assign(program.run('globalThis'), ...JASMINE.map((name) => ({ [name]: globalThis[name] }))),
  };
}

module.exports = { openSimulator };
