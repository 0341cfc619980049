// wxnn inside a mini-program, on WeChat's own interfaces. Nothing here touches wx before the first call.
import { fail } from './checks';
import { FetchOptions, Host, abortable } from './host';
import type * as download from './download';
import { isFilePath, readFile } from './files';
import { instantiate } from './wechat_instantiate';
import type { FileSystem } from './types';

let getDownload: () => typeof download;

/** How to get what fetches URLs: a file of its own (parts.ts). */
export function setDownload(get: () => typeof download): void {
  getDownload = get;
}

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
  get createWorker() {
    return typeof wx !== 'undefined' && typeof wx.createWorker === 'function' ? (wx.createWorker as Host['createWorker']) : undefined;
  },
  platform: 'wechat',
  device: () => (typeof wx !== 'undefined' && wx.getSystemInfoSync ? (wx.getSystemInfoSync() as ReturnType<Host['device']>) : {}),
  canvas(type) {
    if (typeof wx === 'undefined' || !wx.createOffscreenCanvas) fail('this client has no offscreen canvas: pass one as the option canvas');
    return wx.createOffscreenCanvas({ type }) as never;
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
