'use strict';
// Runs tfjs-core's own suite on a backend in child processes; a spec that kills or hangs its process counts as failed, and the rest
// goes on in another.

const path = require('node:path');
const { spawn } = require('node:child_process');
const { prepare } = require('./one_core');

const SILENT_MS = 60000;

/**
 * @typedef {{status: 'passed' | 'failed' | 'pending', message?: string}} Spec
 * @typedef {{version: string, backend: any, specs: {[key: string]: Spec}, passed: string[], failed: string[], pending: number,
 *   notHere: string[], problems: string[], ran: {[kernel: string]: number}, report: any, seconds: number}} Result
 */

/** @returns {Promise<boolean>} true at the suite's end, false when the process died or hung */
function runWorker(job, result) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(__dirname, 'worker.js'), JSON.stringify(job)], {
      stdio: ['ignore', job.verbose ? 'inherit' : 'ignore', 'pipe', 'pipe'],
    });
    let running = '';
    let done = false;
    let errors = '';
    let text = '';
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), SILENT_MS);
    };
    const handle = {
      backend: (event) => { result.backend = event; },
      start: ({ key }) => { running = key; },
      done({ key, status, message }) {
        running = '';
        if (status !== 'excluded') result.specs[key] = { status, message };
      },
      notHere: ({ suite }) => { if (!job.skip.length) result.notHere.push(suite); },
      broken: ({ file, message }) => result.problems.push(`${file}: ${message}`),
      unhandled: ({ message }) => result.problems.push(message),
      end({ ran, report }) {
        done = true;
        result.ran = ran;
        result.report = report;
      },
      fatal: ({ message }) => { errors += message; },
    };
    wait();
    child.stderr.on('data', (data) => { errors = (errors + data).slice(-2000); });
    child.stdio[3].on('data', (data) => {
      wait();
      const lines = (text + data).split('\n');
      text = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        handle[event.event](event);
      }
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (done) return resolve(true);
      if (!running) return reject(new Error(`the suite stopped outside a spec (${signal || code}): ${errors}`));
      result.specs[running] = { status: 'failed', message: signal === 'SIGKILL' ? 'hung' : `the process died: ${errors.slice(-300)}` };
      return resolve(false);
    });
  });
}

/**
 * @param {string} backend a name of backends.js, or a module's file
 * @param {{major?: number, include?: string[], grep?: string, coverage?: boolean, verbose?: boolean}} options
 * @returns {Promise<Result>}
 */
async function runSuite(backend, { major = 4, include = [], grep, coverage, verbose } = {}) {
  const start = Date.now();
  const { version, tests } = prepare(major);
  const files = tests.filter((file) => include.length === 0 || include.some((part) => file.includes(part)));
  /** @type {Result} */
  const result = { version, backend: undefined, specs: {}, passed: [], failed: [], pending: 0, notHere: [], problems: [], ran: {}, report: undefined, seconds: 0 };
  let ended = false;
  while (!ended) ended = await runWorker({ major, backend, files, grep, coverage, verbose, skip: Object.keys(result.specs) }, result);
  for (const [key, { status }] of Object.entries(result.specs)) {
    if (status === 'passed') result.passed.push(key);
    else if (status === 'failed') result.failed.push(key);
    else result.pending++;
  }
  result.seconds = (Date.now() - start) / 1000;
  return result;
}

module.exports = { runSuite };

/** node tests/conformance/suite.js [--backend wxnn] [--version 4] [--include ops/conv2d] [--grep PATTERN] [--verbose] */
async function main(args) {
  const option = (name, fallback) => (args.includes(name) ? args[args.indexOf(name) + 1] : fallback);
  const include = option('--include', '').split(',').filter(Boolean);
  const result = await runSuite(option('--backend', 'wxnn'), {
    major: Number(option('--version', '4')), include, grep: option('--grep'), verbose: args.includes('--verbose'),
  });
  for (const key of result.failed) console.log(`FAILED ${key}\n       ${result.specs[key].message}`);
  for (const problem of result.problems) console.log(`PROBLEM ${problem}`);
  console.log(`tfjs-core ${result.version} on ${result.backend.name} (float${result.backend.floatPrecision}): ${result.passed.length} passed, ` +
    `${result.failed.length} failed, ${result.pending} pending; ${result.notHere.length} suites need a browser; ${result.seconds.toFixed(1)} s`);
  if (result.report && args.includes('--report')) console.log(JSON.stringify(result.report, undefined, 1));
}

if (require.main === module) main(process.argv.slice(2));
