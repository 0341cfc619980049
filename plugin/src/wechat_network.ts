// A fetch of our own over wx.request: 200 to 299 only, ten at once, time-out, retries with back-off.
import { FetchOptions, checkAborted } from './host';
import { readFile } from './files';
import { asBytes, fail } from './checks';
import { utf8Encode } from './text';
import type { Signal } from './types';

const kAtOnce = 10;       // WeChat's limit for one mini-program or plugin
const kTries = 3;
const kTimeOut = 60000;   // ms; WeChat's own maximum
const kPatience = 62000;  // ms until a request that outlived its time-out is given up here
const kBackOff = 300;     // ms, tripled at each try

export interface Answer {
  status: number;
  header: { [name: string]: string };
  bytes: Uint8Array;
}

/** Bytes `from` to `to` of a file, both included, if it is still the one that `validator` names. */
export interface Range {
  from: number;
  to: number;
  validator: string;
}

/** A failure that another try will not mend. (A mark, not a class: WeChat's packer turns classes into ES5.) */
function final(message: string): Error & { final?: boolean } {
  const error: Error & { final?: boolean } = new Error(message);
  error.final = true;
  return error;
}

/** One answer of the server, of status 200 to 299 (or 416 where a range was asked for), after up to three tries. */
export async function fetchAnswer(url: string, options: FetchOptions, range: Range | undefined): Promise<Answer> {
  const failures: string[] = [];
  for (let attempt = 1; ; attempt++) {
    checkAborted(options.signal, `"${url}"`);
    try {
      // The last try goes another way through the client: requests of large files are known to hang on some phones.
      const way = options.fetchFunc ? viaFetchFunction : attempt === kTries && typeof wx.downloadFile === 'function' ? viaDownload : viaRequest;
      const answer = await inQueue(() => {
        checkAborted(options.signal, `"${url}"`);
        return way(url, options, range);
      });
      if (range && answer.status === 416) return answer;
      checkAnswer(answer);
      return answer;
    } catch (error) {
      const { message, name, final } = error as Error & { final?: boolean };
      if (name === 'AbortError') throw error;
      if (failures.indexOf(message) < 0) failures.push(message);
      if (attempt === kTries || final) fail(`could not fetch "${url}": ${failures.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, kBackOff * Math.pow(3, attempt - 1)));
  }
}

function checkAnswer({ status, header, bytes }: Answer): void {
  if (!(status >= 200 && status <= 299)) {
    const message = `the server answered with status ${status}.`;
    throw status >= 500 || status === 408 || status === 429 ? new Error(message) : final(message);
  }
  const length = Number(headerOf(header, 'content-length'));
  if (length > bytes.length && !headerOf(header, 'content-encoding')) {
    fail(`${bytes.length} of ${length} bytes arrived.`);
  }
}

export function headerOf(header: { [name: string]: string } | undefined, name: string): string | undefined {
  return header && header[Object.keys(header).filter((key) => key.toLowerCase() === name)[0]];
}

/** `data` as a platform gives it: a buffer, or a text where it took the address for one. */
function bodyOf(data: unknown): Uint8Array {
  const bytes = typeof data === 'string' ? utf8Encode(data) : asBytes(data);
  if (!bytes) fail('the answer holds neither bytes nor text.');
  return bytes;
}

function viaRequest(url: string, options: FetchOptions, range: Range | undefined): Promise<Answer> {
  const header: { [name: string]: string } = {};
  if (range) header.Range = `bytes=${range.from}-${range.to}`;
  if (range && range.validator) header['If-Range'] = range.validator;
  return new Promise((resolve, reject) => {
    const settle = once(options.signal, () => task.abort(), reject);
    const task = wx.request({
      url,
      method: 'GET',
      header,
      responseType: 'arraybuffer',
      timeout: kTimeOut,
      success: (result) => settle(() => resolve({ status: Number(result.statusCode), header: result.header, bytes: bodyOf(result.data) })),
      fail: ({ errMsg }) => settle(() => reject(failure(errMsg))),
    });
  });
}

function viaDownload(url: string, options: FetchOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = once(options.signal, () => task.abort(), reject);
    const task = wx.downloadFile({
      url,
      timeout: kTimeOut,
      success: (result) => settle(() => {
        const status = Number(result.statusCode);
        // The file lies where this plugin's own FileSystemManager reads, whatever the host passed.
        readFile(result.tempFilePath, { signal: options.signal }).then((bytes) => resolve({ status, header: {}, bytes }), reject);
      }),
      fail: ({ errMsg }) => settle(() => reject(failure(errMsg))),
    });
    if (options.onBytes && task.onProgressUpdate) {
      task.onProgressUpdate((update) => options.onBytes!(update.totalBytesWritten, update.totalBytesExpectedToWrite));
    }
  });
}

function viaFetchFunction(url: string, options: FetchOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = once(options.signal, () => undefined, reject);
    options.fetchFunc!(url, { method: 'GET' }).then(async (response) => {
      const status = Number(response.status);
      const bytes = status >= 200 && status <= 299 ? bodyOf(await response.arrayBuffer()) : new Uint8Array(0);
      settle(() => resolve({ status, header: {}, bytes }));
    }).catch((error) => settle(() => reject(error)));
  });
}

/** Lets one outcome through: the platform's answer, our own time-out (some requests never end), or the caller's signal. */
function once(signal: Signal | undefined, abort: () => void, reject: (error: Error) => void): (outcome: () => void) => void {
  let open = true;
  const settle = (outcome: () => void) => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    if (signal && signal.removeEventListener) signal.removeEventListener('abort', stop);
    try {
      outcome();
    } catch (error) {
      reject(error as Error);
    }
  };
  const stop = () => settle(() => {
    reject(new Error('it was cancelled.'));
    abort();
  });
  const timer = setTimeout(() => settle(() => {
    reject(new Error(`no answer within ${kPatience / 1000} s.`));
    abort();
  }), kPatience);
  if (signal && signal.addEventListener) signal.addEventListener('abort', stop);
  return settle;
}

function failure(errMsg: string): Error {
  if (/domain list/i.test(errMsg)) {
    return final(`${errMsg}: add the domain to the server domains of the plugin, or pass the host's fetchFunc.`);
  }
  return /invalid url|protocol/i.test(errMsg) ? final(errMsg) : new Error(errMsg);
}

let running = 0;
const waiting: (() => void)[] = [];

/** Runs `work` when fewer than ten others run. */
async function inQueue<T>(work: () => Promise<T>): Promise<T> {
  if (running >= kAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();  // takes over this one's place
    if (next) next();
    else running--;
  }
}
