'use strict';
// WeChat's own packer (miniprogram-ci), offline and without a key: packs a project, gives the files of the package.
// As a program of its own, because it keeps processes and handlers alive:  node wechat_packer.js PROJECT TYPE ES5 OUT.zip

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const zlib = require('node:zlib');

const LIMIT = 120000;  // ms

/**
 * @param {string} project folder with project.config.json
 * @param {'miniProgram' | 'miniProgramPlugin'} type
 * @param {{es5?: boolean}} [options] es5: WeChat's compilation to ES5, which hosts may switch on
 * @returns {Promise<Map<string, Buffer>>} the package's files; rejects with the packer's own message
 */
async function pack(project, type, { es5 = false } = {}) {
  const zip = path.resolve(project, `${type}.zip`);
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-packer-'));  // it leaves folders wherever it is
  try {
    await promisify(execFile)(process.execPath, [__filename, path.resolve(project), type, String(es5), zip], { timeout: LIMIT, maxBuffer: 1 << 26, cwd });
    return filesOfZip(fs.readFileSync(zip));
  } catch (error) {
    throw new Error(/PACKER: (.*)/s.exec(error.stderr || '')?.[1] || error.message);
  } finally {
    fs.rmSync(zip, { force: true });
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

/** name -> bytes, from the central directory. */
function filesOfZip(zip) {
  const files = new Map();
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    if (!name.endsWith('/')) files.set(name.replace(/^\.\//, ''), zip.readUInt16LE(at + 10) === 8 ? zlib.inflateRawSync(data) : data);
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}

async function main([project, type, es5, out]) {
  const ci = require('miniprogram-ci');
  const { DefaultProjectAttr } = require('miniprogram-ci/dist/config/config');
  const { appid } = JSON.parse(fs.readFileSync(path.join(project, 'project.config.json'), 'utf8'));
  const compiled = await ci.getCompiledResult({
    // attr: what the packer would otherwise ask WeChat's server for.
    project: new ci.Project({ appid, type, projectPath: project, privateKey: 'offline-placeholder', ignores: ['node_modules/**/*'], attr: async () => DefaultProjectAttr }),
    version: '1.0.0',
    desc: 'test',
    setting: { es6: es5 === 'true', es7: es5 === 'true', minify: false },
  }, out);
  return compiled;
}

if (require.main === module) {
  const fail = (error) => {
    process.stderr.write(`\nPACKER: ${error.message}`);
    process.exit(1);
  };
  process.on('unhandledRejection', fail);
  main(process.argv.slice(2)).then(() => process.exit(0), fail);
}

module.exports = { pack };
