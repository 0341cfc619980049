// wxnn in Node 20 and newer: files, fetch, WebAssembly. The checkout itself is the package.
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { fail } from './checks';
import { FetchOptions, Host, WasmExports, WasmImports, abortable } from './host';
import type { Engine } from './engine';
import { CreateThreads, startOn } from './threads';
import { warmUp } from './warm_up';

declare const require: (file: string) => CreateThreads;

declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: WasmImports): Promise<{ exports: WasmExports }>;
};

const kept = new Map<string, string | number>();  // a program's own: Node has no storage
const kTimeOut = 60000;  // ms

export const nodeHost: Host = {
  async instantiate(file: string, imports: () => WasmImports | Promise<WasmImports>, directory = path.join(__dirname, '../../plugin/wasm')): Promise<WasmExports> {
    const whole = /relaxed/.test(file) ? path.join(__dirname, '../web/wxnn-relaxed.wasm') : path.join(directory, file);
    const bytes = await readBinary(whole);
    const module = await WebAssembly.compile(whole.endsWith('.br') ? brotliDecompressSync(bytes) : bytes);
    return (await WebAssembly.instantiate(module, await imports())).exports;
  },
  async startThreads(threads: number, variant: string, reasons: string[]): Promise<Engine> {
    return startOn((settings) => require(path.join(__dirname, '../threads/wxnn-threads.js'))(settings), threads, variant, reasons);
  },
  async fetch(url: string, options: FetchOptions): Promise<Uint8Array> {
    const work = /^https?:/i.test(url) ? fetchUrl(url, options) : readLocal(url);
    const bytes = await abortable(work, options.signal, `"${url}"`);
    if (options.onBytes) options.onBytes(bytes.length, bytes.length);
    return bytes;
  },
  warmUp,
  fileSystem: () => fail('in Node, pass a FileSystem as the option fs.'),
  userDataPath: () => fail('in Node, pass a directory as userDataPath.'),
  storage: { read: (key) => kept.get(key), write: (key, value) => { kept.set(key, value); }, remove: (key) => { kept.delete(key); } },
  platform: 'node',
  device: () => ({ system: process.platform, platform: process.arch, version: process.version }),
  canvas: () => fail('Node has no canvas'),
  now: () => performance.now(),
  models: { faces: path.join(__dirname, '../../.cache/models/full/model.tflite') },
};

async function readBinary(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    throw new Error(`${path.basename(file)} has not been built: run tools/build.`);
  }
}

async function readLocal(file: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(/^file:/.test(file) ? fileURLToPath(file) : file);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new Error(`could not read "${file}": ${code === 'ENOENT' ? 'there is no such file.' : code === 'EISDIR' ? 'it is a directory.' : message}`);
  }
}

async function fetchUrl(url: string, options: FetchOptions): Promise<Uint8Array> {
  const get = options.fetchFunc || ((address: string) => fetch(address, { signal: AbortSignal.timeout(kTimeOut) }));
  try {
    const response = await get(url, { method: 'GET' });
    const status = Number(response.status);
    if (!(status >= 200 && status <= 299)) throw new Error(`the server answered with status ${status}.`);
    const body = await response.arrayBuffer();
    return typeof body === 'string' ? Buffer.from(body) : new Uint8Array(body);
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { message?: string } };
    throw new Error(`could not fetch "${url}": ${(cause && cause.message) || message}`);
  }
}
