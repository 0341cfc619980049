// The part of the adapter that fetches URLs in a mini-program, and keeps models: download.js. Large files come in slices and go on where they were
// cut off; two callers share one transfer; what has come is kept for the next time.
import { Cache, cacheOf } from './cache';
import { fail, joinBytes } from './checks';
import { FetchOptions, checkAborted, getHost } from './host';
import type { CacheOptions, Signal } from './types';
import { Answer, fetchAnswer, headerOf } from './wechat_network';

export { fileStorageIO, localStorageIO } from './storage';

const kSlice = 1 << 20;  // bytes of one request

interface Caller {
  signal: Signal | undefined;
  onBytes: FetchOptions['onBytes'];
}

interface Transfer {
  url: string;
  options: FetchOptions;
  callers: Caller[];
  /** The last news, for those who come later. */
  news?: [number, number | undefined];
  stop?: () => void;
  result: Promise<Uint8Array>;
}

const transfers: Transfer[] = [];

/** All bytes behind a URL. Rejects with a sentence that names it. */
export function fetchUrl(url: string, options: FetchOptions): Promise<Uint8Array> {
  const same = transfers.filter((other) => other.url === url && !allGone(other) &&
    (['fs', 'userDataPath', 'fetchFunc', 'cache'] as const).every((key) => other.options[key] === options[key]))[0];
  const transfer = same || begin(url, options);
  const caller = { signal: options.signal, onBytes: options.onBytes };
  transfer.callers.push(caller);
  if (caller.onBytes && transfer.news) caller.onBytes(...transfer.news);
  if (options.signal && options.signal.addEventListener) {
    options.signal.addEventListener('abort', () => {
      if (allGone(transfer) && transfer.stop) transfer.stop();
    });
  }
  return transfer.result;
}

/** The transfer goes on for whoever still waits. */
function allGone({ callers }: Transfer): boolean {
  return callers.length > 0 && callers.every(({ signal }) => signal && signal.aborted);
}

function begin(url: string, options: FetchOptions): Transfer {
  const transfer: Transfer = { url, options, callers: [], result: undefined as unknown as Promise<Uint8Array> };
  const shared: FetchOptions = {
    ...options,
    signal: {
      get aborted() {
        return allGone(transfer);
      },
      addEventListener: (_, listener) => {
        transfer.stop = listener;
      },
      removeEventListener: () => {
        transfer.stop = undefined;
      },
    },
    onBytes: (received, total) => {
      transfer.news = [received, total];
      for (const { signal, onBytes } of transfer.callers) if (onBytes && !(signal && signal.aborted)) onBytes(received, total);
    },
  };
  transfers.push(transfer);
  const end = () => {
    transfers.splice(transfers.indexOf(transfer), 1);
  };
  // After this task, so that a signal which is aborted already is among the callers.
  transfer.result = Promise.resolve().then(() => fetchKept(url, shared));
  transfer.result.then(end, end);
  return transfer;
}

/** From the cache, or from the network and then into the cache. */
async function fetchKept(url: string, options: FetchOptions): Promise<Uint8Array> {
  if (!/^https?:\/\//i.test(url)) {
    fail(`cannot fetch "${url}": only https addresses, package paths and user files can be read.`);
  }
  checkAborted(options.signal, `"${url}"`);
  const settings: CacheOptions = typeof options.cache === 'object' ? options.cache : {};
  const cache = cacheFor(options);
  const key = settings.ignoreQuery ? url.replace(/[?#].*/, '') : url;
  if (cache && !settings.refresh) {
    const kept = await cache.read(key);
    checkAborted(options.signal, `"${url}"`);
    if (kept) {
      options.onBytes!(kept.length, kept.length);
      return kept;
    }
  }
  return fetchSlices(url, options, cache && { cache, key, settings });
}

/** Undefined where nothing is to be kept, or nothing can be. */
function cacheFor({ cache, fs, userDataPath }: FetchOptions): Cache | undefined {
  if (cache === false) return undefined;
  let directory = userDataPath;
  if (!directory) {
    try {
      directory = getHost().userDataPath();
    } catch (error) {
      if (cache) throw error;
      return undefined;
    }
  }
  return cacheOf(fs || getHost().fileSystem(), directory.replace(/\/+$/, ''));
}

interface Keeping {
  cache: Cache;
  key: string;
  settings: CacheOptions;
}

/** The file slice by slice where the server gives parts of it, and as a whole where not. */
async function fetchSlices(url: string, options: FetchOptions, keeping: Keeping | undefined): Promise<Uint8Array> {
  const part = keeping && !keeping.settings.refresh ? await keeping.cache.part(keeping.key) : undefined;
  const slices = part ? [part.bytes] : [];
  let received = part ? part.bytes.length : 0;
  let size = part && part.size;
  let validator = part ? part.validator : '';
  let kept = !!keeping;  // as long as every slice could be
  while (size === undefined || received < size) {
    const answer = await fetchAnswer(url, options, options.fetchFunc ? undefined : { from: received, to: received + kSlice - 1, validator });
    const slice = answer.status === 206 ? sliceOf(answer, received, size, validator) : undefined;
    if (!slice) {
      // The whole file: because the server gives no parts, or because it has another file by now.
      const whole = answer.status === 206 || answer.status === 416 ? await fetchAnswer(url, options, undefined) : answer;
      if (keeping) await keeping.cache.finish(keeping.key, whole.bytes, false, keeping.settings);
      options.onBytes!(whole.bytes.length, whole.bytes.length);
      return whole.bytes;
    }
    slices.push(answer.bytes);
    size = slice.size;
    validator = slice.validator;
    if (keeping && kept && validator) {
      kept = await keeping.cache.append(keeping.key, answer.bytes, received, size, validator, keeping.settings);
    } else {
      kept = false;
    }
    received += answer.bytes.length;
    options.onBytes!(received, size);
    checkAborted(options.signal, `"${url}"`);
  }
  const bytes = joinBytes(slices);
  if (keeping) await keeping.cache.finish(keeping.key, bytes, kept, keeping.settings);
  return bytes;
}

/** What a 206 says of its slice; undefined where it is not the one asked for, or of another file than those before. */
function sliceOf({ header, bytes }: Answer, from: number, size: number | undefined, validator: string): { size: number; validator: string } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headerOf(header, 'content-range') || '');
  const encoded = headerOf(header, 'content-encoding');
  if (!match || (encoded && encoded !== 'identity')) return undefined;
  const [first, last, all] = match.slice(1).map(Number);
  const fits = first === from && last - first + 1 === bytes.length && last < all && (size === undefined || size === all);
  const tag = headerOf(header, 'etag');
  // A weak tag does not promise the same bytes.
  const own = tag && !/^W\//.test(tag) ? tag : headerOf(header, 'last-modified') || '';
  return fits && (!validator || validator === own) ? { size: all, validator: own } : undefined;
}

/** Throws kept copies away: of the file itself, and for a model.json of what lies beside it. */
export async function forget(url: string, options: FetchOptions): Promise<void> {
  let cache: Cache | undefined;
  try {
    cache = cacheFor(options);
  } catch {
    return;
  }
  const bare = url.replace(/[?#].*/, '');
  const start = /\.json$/i.test(bare) ? bare.slice(0, bare.lastIndexOf('/') + 1) : bare;
  if (cache) await cache.remove((kept) => kept.indexOf(start) === 0);
}
