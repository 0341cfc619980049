'use strict';
// Child process: loads a backend and tfjs-core's test files, runs the specs, and writes one JSON line per event to file
// descriptor 3. Its job is a JSON text in argv[2]: {major, backend, files, skip, grep, coverage, verbose}.

const fs = require('node:fs');
const path = require('node:path');
const job = JSON.parse(process.argv[2]);
const { VERSIONS, install, modulesPath, prepare } = require('./one_core');
const backends = require('./backends');

const emit = (event) => fs.writeSync(3, JSON.stringify(event) + '\n');
const textOf = (error) => String((error && error.stack) || error).slice(0, 600);

if (!job.verbose) for (const name of ['log', 'warn', 'info', 'error', 'debug']) console[name] = () => undefined;

/** What tfjs's suites drop in Node although they are plain arithmetic. */
const RUNS_ANYWHERE = ['ops/depth_to_space_test', 'ops/image/rotate_with_offset_test'];

let currentFile = '';
const fileOf = new Map();

function watchSpecs() {
  for (const name of ['it', 'fit', 'xit']) {
    const original = global[name];
    global[name] = (...args) => {
      const spec = original(...args);
      if (spec && spec.id) fileOf.set(spec.id, currentFile);
      return spec;
    };
  }
}

function watchConstraints(tf, jasmineUtil) {
  const original = jasmineUtil.describeWithFlags;
  jasmineUtil.describeWithFlags = (name, constraints, tests) => {
    const all = RUNS_ANYWHERE.includes(currentFile) ? jasmineUtil.ALL_ENVS : constraints;
    if (!jasmineUtil.TEST_ENVS.some((env) => jasmineUtil.envSatisfiesConstraints(tf.env(), env, all))) {
      emit({ event: 'notHere', suite: `${currentFile}: ${name}` });
    }
    return original(name, all, tests);
  };
}

function loadTests(dist, load) {
  for (const file of job.files) {
    currentFile = file;
    try {
      load(path.join(dist, `${file}.js`));
    } catch (error) {
      if (/describe with no children/.test(error.message)) emit({ event: 'notHere', suite: file });
      else emit({ event: 'broken', file, message: textOf(error) });
    }
  }
}

/** Names that stay the same from run to run: the file, the full name, and a number where that is not unique. */
function keys(environment) {
  const seen = new Map();
  const known = new Map();
  return (spec) => {
    if (known.has(spec.id)) return known.get(spec.id);
    const full = (spec.getFullName ? spec.getFullName() : spec.fullName).split(` ${environment} {}`).join('');
    const base = `${fileOf.get(spec.id) || '?'}::${full}`;
    const count = (seen.get(base) || 0) + 1;
    seen.set(base, count);
    const key = count === 1 ? base : `${base}#${count}`;
    known.set(spec.id, key);
    return key;
  };
}

/** Counts the kernels that run; told by the suite's end. */
function watchKernels(tf, backendName) {
  const ran = {};
  for (const kernel of tf.getKernelsForBackend(backendName)) {
    ran[kernel.kernelName] = 0;
    tf.unregisterKernel(kernel.kernelName, backendName);
    tf.registerKernel({ ...kernel, kernelFunc: (call) => { ran[kernel.kernelName]++; return kernel.kernelFunc(call); } });
  }
  return ran;
}

/** tfjs-core with a backend, and how files beside it are loaded: here, or in the WeChat simulator. */
async function openRealm(dist) {
  const tf = install(job.major, dist);
  if (job.backend === 'simulator') {
    const { openSimulator } = require('./simulator_realm');
    const { tf: inside, load, wxnn, choice, giveJasmine } = await openSimulator(dist, modulesPath(VERSIONS[job.major].cpu));
    return { tf: inside, load, wxnn, name: choice.backend, giveJasmine };
  }
  const backend = backends[job.backend] || backends.file(job.backend);
  return { tf, load: require, wxnn: job.backend === 'wxnn' ? require('../..') : undefined, name: backend(tf, VERSIONS[job.major]), giveJasmine: () => undefined };
}

async function main() {
  const { dist } = prepare(job.major);
  const { tf, load, wxnn, name, giveJasmine } = await openRealm(dist);
  const Jasmine = require('jasmine');
  const runner = new Jasmine();
  runner.exitOnCompletion = false;
  global.jasmine.DEFAULT_TIMEOUT_INTERVAL = 20000;
  process.on('unhandledRejection', (error) => emit({ event: 'unhandled', message: textOf(error) }));
  giveJasmine();
  load(path.join(dist, 'public/chained_ops/register_all_chained_ops.js'));
  load(path.join(dist, 'register_all_gradients.js'));
  await tf.setBackend(name);
  const ran = job.coverage ? watchKernels(tf, name) : {};
  emit({ event: 'backend', name, floatPrecision: tf.backend().floatPrecision(), kernels: tf.getKernelsForBackend(name).map((k) => k.kernelName) });
  tf.engine().reset();

  const jasmineUtil = load(path.join(dist, 'jasmine_util.js'));
  const environment = `test-${name}`;
  jasmineUtil.setTestEnvs([{ name: environment, backendName: name, isDataSync: true, flags: {} }]);
  watchSpecs();
  giveJasmine();
  watchConstraints(tf, jasmineUtil);
  loadTests(dist, load);

  const key = keys(environment);
  const skip = new Set(job.skip);
  const wanted = job.grep ? new RegExp(job.grep) : /./;
  const env = global.jasmine.getEnv();
  env.configure({ random: false, failSpecWithNoExpectations: false, specFilter: (spec) => !skip.has(key(spec)) && wanted.test(spec.getFullName()) });
  env.clearReporters();
  env.addReporter({
    specStarted: (spec) => emit({ event: 'start', key: key(spec) }),
    specDone: (spec) => emit({
      event: 'done', key: key(spec), status: spec.status,
      message: spec.failedExpectations.length ? String(spec.failedExpectations[0].message).slice(0, 300) : undefined,
    }),
    suiteDone: ({ fullName, failedExpectations }) => {
      for (const { message } of failedExpectations || []) emit({ event: 'unhandled', message: `${fullName}: ${message}`.slice(0, 300) });
    },
  });
  await env.execute();
  emit({ event: 'end', ran, report: wxnn && wxnn.kernelReport(tf) });
  process.exit(0);
}

main().catch((error) => {
  emit({ event: 'fatal', message: textOf(error) });
  process.exit(3);
});
