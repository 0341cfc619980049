#!/usr/bin/env node
'use strict';
// Fetches models, photos and the old engine that tests need into .cache/, from the npm packages that
// tools/models.json pins. Nothing fetched is ever committed.
//
//   node tools/fetch_models.js            what tools/models.json marks as default
//   node tools/fetch_models.js --all      everything
//   node tools/fetch_models.js short mesh these only
//   node tools/fetch_models.js --list     the table

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

const ROOT = path.join(__dirname, '..');
const CACHE = path.join(ROOT, '.cache');
const TABLE = require('./models.json');

/**
 * Where one file comes from: a member of the tarball; a member of a MediaPipe asset archive inside it, or of a .task file (a zip);
 * or a JavaScript module whose export is the model.json or a shard in base64.
 * @typedef {string | {archive: string, index: string, member: string} | {zip: string, member: string} | {module: string}} Origin
 * @typedef {{id: string, default?: boolean, folder?: string, package: string, format: string, weights?: string,
 *   input?: number[], range?: number[], refused?: string, licence: string, files: {[name: string]: Origin},
 *   convert?: {[option: string]: {[input: string]: number[]}}}} Entry   convert: what tools/zoo gives the converter besides the file
 */

/** @param {string} id @returns {Entry} */
function findEntry(id) {
  const entry = TABLE.entries.find((e) => e.id === id);
  if (!entry) throw new Error(`tools/models.json has no entry "${id}"; it has ${TABLE.entries.map((e) => e.id).join(', ')}.`);
  return entry;
}

/** @param {Entry} entry */
const packageOf = (entry) => {
  const found = TABLE.packages.find((p) => p.name === entry.package);
  if (!found) throw new Error(`tools/models.json: entry "${entry.id}" names the package ${entry.package}, which the file does not pin.`);
  return found;
};

/** @param {Entry} entry */
const folderOf = (entry) => path.join(CACHE, entry.folder ?? path.join('models', entry.id));

/** @param {Entry} entry @returns {string} changes whenever the entry or its package does */
const fingerprint = (entry) =>
  crypto.createHash('sha256').update(JSON.stringify([entry, packageOf(entry)])).digest('hex');

/** @param {Entry} entry */
const stampFile = (entry) => path.join(folderOf(entry), '.fetched.json');

/** @param {Entry} entry @returns {boolean} whether every file is there, of the size it was fetched with */
function isFetched(entry) {
  try {
    const stamp = JSON.parse(fs.readFileSync(stampFile(entry), 'utf8'));
    return stamp.fingerprint === fingerprint(entry) && Object.keys(entry.files).every(
      (name) => fs.statSync(path.join(folderOf(entry), name)).size === stamp.sizes[name]);
  } catch {
    return false;
  }
}

/**
 * Path of a fetched file.
 * @param {string} id an entry of tools/models.json
 * @param {string} [name] one of its files; the first when left out
 */
function fetchedFile(id, name) {
  const entry = findEntry(id);
  const wanted = name ?? Object.keys(entry.files)[0];
  if (!(wanted in entry.files)) throw new Error(`tools/models.json: "${id}" has no file ${wanted}.`);
  if (!isFetched(entry)) throw new Error(`"${id}" has not been fetched: run  node tools/fetch_models.js ${id}`);
  return path.join(folderOf(entry), wanted);
}

/** Downloads a package's tarball into `folder` and checks it against its pin. */
function download(pinned, folder) {
  const spec = `${pinned.name}@${pinned.version}`;
  try {
    execFileSync('npm', ['pack', spec, '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' });
  } catch (error) {
    throw new Error(`npm pack ${spec} failed: ${String(error.stderr ?? error.message).trim()}`);
  }
  const tarball = fs.readdirSync(folder).find((f) => f.endsWith('.tgz'));
  if (!tarball) throw new Error(`npm pack ${spec} left no tarball.`);
  const file = path.join(folder, tarball);
  const integrity = 'sha512-' + crypto.createHash('sha512').update(fs.readFileSync(file)).digest('base64');
  if (integrity !== pinned.integrity) {
    throw new Error(`${spec}: the tarball's integrity is ${integrity}, but tools/models.json pins ${pinned.integrity}.`);
  }
  return file;
}

/** @param {Origin} origin @returns {string[]} members of the tarball that it needs */
function membersOf(origin) {
  if (typeof origin === 'string') return [origin];
  if ('zip' in origin) return [origin.zip];
  return 'module' in origin ? [origin.module] : [origin.archive, origin.index];
}

/** One file out of a zip that stores its files as they are, as MediaPipe's .task files do. */
function unpackZip(folder, { zip, member }) {
  const bytes = fs.readFileSync(path.join(folder, zip));
  for (let at = 0; (at = bytes.indexOf('PK\x01\x02', at)) >= 0; at += 46) {
    const length = bytes.readUInt16LE(at + 28);
    if (bytes.toString('utf8', at + 46, at + 46 + length) !== member) continue;
    if (bytes.readUInt16LE(at + 10) !== 0) throw new Error(`${zip} holds ${member} compressed.`);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    return bytes.subarray(start, start + bytes.readUInt32LE(at + 24));
  }
  throw new Error(`${zip} holds no ${member}.`);
}

/** One file out of a MediaPipe asset archive, whose index its loader script holds. */
function unpackAsset(folder, { archive, index, member }) {
  const loader = fs.readFileSync(path.join(folder, index), 'utf8');
  const call = /loadPackage\((\{.*\})\)/.exec(loader);
  if (!call) throw new Error(`${index} has no loadPackage({…}) with the archive's index.`);
  const found = JSON.parse(call[1]).files.find((f) => path.posix.basename(f.filename) === member);
  if (!found) throw new Error(`${index} names no ${member}.`);
  return fs.readFileSync(path.join(folder, archive)).subarray(found.start, found.end);
}

/** What a module of nsfwjs exports: model.json as an object, or a shard as base64. */
function unpackModule(folder, { module: file }) {
  const sandbox = { module: { exports: {} }, exports: {} };
  vm.runInNewContext(fs.readFileSync(path.join(folder, file), 'utf8'), sandbox, { filename: file });
  const value = sandbox.module.exports;
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  const groups = value.weightsManifest;
  if (!groups) throw new Error(`${file} exports neither a shard nor a model.json.`);
  for (const group of groups) group.paths = group.paths.map((p) => `${p}.bin`);
  return Buffer.from(JSON.stringify(value));
}

/** @param {string} folder the unpacked package @param {Origin} origin */
function bytesOf(folder, origin) {
  if (typeof origin === 'string') return fs.readFileSync(path.join(folder, origin));
  if ('zip' in origin) return unpackZip(folder, origin);
  return 'module' in origin ? unpackModule(folder, origin) : unpackAsset(folder, origin);
}

/** @param {Entry} entry @param {string} unpacked */
function install(entry, unpacked) {
  const folder = folderOf(entry);
  fs.rmSync(folder, { recursive: true, force: true });
  const sizes = {};
  for (const [name, origin] of Object.entries(entry.files)) {
    const target = path.join(folder, name);
    const bytes = bytesOf(unpacked, origin);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, bytes, { mode: entry.format === 'program' ? 0o755 : 0o644 });
    sizes[name] = bytes.length;
  }
  fs.writeFileSync(stampFile(entry), JSON.stringify({ fingerprint: fingerprint(entry), sizes }));
  return Object.values(sizes).reduce((a, b) => a + b, 0);
}

/** Fetches one package and installs every entry that wants something of it. */
function fetchPackage(pinned, entries, log) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-fetch-'));
  try {
    log(`fetching ${pinned.name}@${pinned.version} for ${entries.map((e) => e.id).join(', ')}`);
    const tarball = download(pinned, temporary);
    const members = [...new Set(entries.flatMap((e) => Object.values(e.files).flatMap(membersOf)))];
    execFileSync('tar', ['-xzf', tarball, ...members.map((m) => `package/${m}`)], { cwd: temporary });
    fs.rmSync(tarball);
    for (const entry of entries) {
      const size = install(entry, path.join(temporary, 'package'));
      log(`  ${entry.id.padEnd(24)} ${(size / 1e6).toFixed(2).padStart(6)} MB  ${path.relative(ROOT, folderOf(entry))}`);
    }
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string[]} args */
function main(args) {
  if (args.includes('--list')) {
    for (const e of TABLE.entries) {
      console.log(`${isFetched(e) ? '*' : ' '} ${e.id.padEnd(24)} ${e.format.padEnd(18)} ${(e.weights ?? '').padEnd(6)} ${(e.input ?? []).join('x').padEnd(14)} ${e.licence.padEnd(14)} ${e.package}`);
    }
    return;
  }
  const unknown = args.find((a) => a.startsWith('-') && a !== '--all');
  if (unknown) throw new Error(`tools/fetch_models.js takes --all, --list or ids, not ${unknown}.`);
  const ids = args.filter((a) => !a.startsWith('-'));
  const wanted = ids.length ? ids.map(findEntry) : TABLE.entries.filter((e) => e.default || args.includes('--all'));
  const missing = wanted.filter((e) => !isFetched(e));
  for (const pinned of TABLE.packages) {
    const entries = missing.filter((e) => packageOf(e) === pinned);
    if (entries.length) fetchPackage(pinned, entries, console.log);
  }
  console.log(`${wanted.length} of ${TABLE.entries.length} entries of tools/models.json are in .cache/.`);
}

module.exports = { fetchedFile, findEntry, isFetched, entries: TABLE.entries };

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
