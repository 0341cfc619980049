// wxnn inside a mini-program, on WeChat's own interfaces. Nothing here touches wx before the first call.
import { fail } from './checks';
import { FetchOptions, Host, WasmExports, WasmImports, abortable } from './host';
import type * as download from './download';
import { isFilePath, readFile } from './files';
import type { FileSystem } from './types';

let getDownload: () => typeof download;

/** How to get what fetches URLs: a file of its own (parts.ts). */
export function setDownload(get: () => typeof download): void {
  getDownload = get;
}

declare const WXNN_WASM: string;  // the package path of the binaries in this form of the package, put in by tools/bundle.js
const kTries = 3;
const kRetryDelay = 200;  // ms

export const wechatHost: Host = {
  instantiate,
  async fetch(url: string, options: FetchOptions): Promise<Uint8Array> {
    const work = isFilePath(url, options.userDataPath) ? readFile(url, options) : getDownload().fetchUrl(url, options);
    return abortable(work, options.signal, `"${url}"`);
  },
  forget: (url, options) => (isFilePath(url, options.userDataPath) ? Promise.resolve() : getDownload().forget(url, options)),
  fileSystem,
  userDataPath,
  storage: {
    read: (key) => wx.getStorageSync(key) || undefined,
    write: (key, value) => wx.setStorageSync(key, value),
    remove: (key) => wx.removeStorageSync(key),
  },
  platform: 'wechat',
  device: () => (typeof wx !== 'undefined' && wx.getSystemInfoSync ? (wx.getSystemInfoSync() as ReturnType<Host['device']>) : {}),
  canvas() {
    if (typeof wx === 'undefined' || !wx.createOffscreenCanvas) fail('this client has no offscreen canvas: pass one as the option canvas');
    return wx.createOffscreenCanvas({ type: 'webgl' }) as never;
  },
  now: calibratedClock(),
  // An ending that WeChat's packer keeps; the bytes are an ordinary .tflite file.
  models: { faces: '/models/face_full_range.br' },
};

function fileSystem(): FileSystem {
  if (typeof wx === 'undefined' || !wx.getFileSystemManager) {
    fail('this WeChat client gives a plugin no FileSystemManager: pass the host\'s as the option fs.');
  }
  return wx.getFileSystemManager() as FileSystem;
}

/** A plugin has no wx.env, so there the host must say. */
function userDataPath(): string {
  const env = typeof wx === 'undefined' ? undefined : (wx as { env?: { USER_DATA_PATH?: string } }).env;
  if (!env || !env.USER_DATA_PATH) fail('a plugin does not know the directory of user files: pass the host\'s wx.env.USER_DATA_PATH as userDataPath.');
  return env.USER_DATA_PATH;
}

/** iOS throws from instantiate now and then, so a failure that is not about the code itself is tried again. */
async function instantiate(file: string, imports: WasmImports, directory = WXNN_WASM): Promise<WasmExports> {
  if (typeof WXWebAssembly === 'undefined') {
    fail('this WeChat client has no WXWebAssembly: wxnn needs base library 2.30.0 or newer.');
  }
  const path = packagePath(directory, file);
  for (let attempt = 1; ; attempt++) {
    try {
      // The typings promise an Instance; clients are known to give {instance, module} as well.
      const result = (await WXWebAssembly.instantiate(path, imports)) as WXWebAssembly.Instance & { instance?: WXWebAssembly.Instance };
      const instance = result && (result.instance || result);
      if (!instance || !instance.exports) fail('the client gave no instance');
      return instance.exports as unknown as WasmExports;
    } catch (error) {
      const message = messageOf(error);
      if (attempt === kTries || /CompileError|opcode|simd|doesn't parse|not support|permission denied|must be/i.test(message)) {
        fail(`WXWebAssembly could not load "${path}": ${message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, kRetryDelay * attempt));
    }
  }
}

/** WeChat takes paths from the package's root only, and fails on a directory with a dot in its name. */
function packagePath(directory: string, file: string): string {
  const trimmed = '/' + directory.replace(/^\/+|\/+$/g, '');
  if (/[.:]/.test(trimmed)) {
    fail(`wasmPath must be a directory of the code package such as "/wasm", with no dots in it; this is "${directory}".`);
  }
  return (trimmed === '/' ? '' : trimmed) + '/' + file;
}

function messageOf(error: unknown): string {
  const { message, errMsg } = (error || {}) as { message?: string; errMsg?: string };
  return message || errMsg || String(error);
}

/**
 * wx.getPerformance().now() gives microseconds on phones and milliseconds in DevTools. So Date.now() serves for the first
 * 50 ms, which then tell the unit.
 */
function calibratedClock(): () => number {
  let performance: { now?(): number } | undefined;
  let start = 0, startDate = 0, scale = 0, last = -1;
  return () => {
    const date = Date.now();
    if (last < 0) {
      last = 0;
      startDate = date;
      if (typeof wx !== 'undefined' && wx.getPerformance) performance = wx.getPerformance() as { now?(): number };
      if (performance && performance.now) start = performance.now();
    }
    let time = date - startDate;
    if (performance && performance.now) {
      const ticks = performance.now() - start;
      if (!scale && time >= 50) scale = ticks > 30 * time ? 1e-3 : 1;
      if (scale) time = ticks * scale;
    }
    if (time > last) last = time;
    return last;
  };
}
