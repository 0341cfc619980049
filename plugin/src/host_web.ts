// wxnn on any web page: fetch and WebAssembly. The binaries lie beside the bundle as plain .wasm files (plugin/build.js
// decompresses them), since a web server or the browser compresses on its own terms.
import { fail } from './checks';
import { FetchOptions, WasmExports, WasmImports, abortable } from './host';
import type { Engine } from './engine';
import { CreateThreads, startOn } from './threads';
import { warmUp } from './warm_up';

const kTimeOut = 60000;  // ms

export const webHost = {
  async instantiate(file: string, imports: () => WasmImports | Promise<WasmImports>, directory = new URL('.', import.meta.url).href): Promise<WasmExports> {
    const url = `${directory.replace(/\/$/, '')}/${file.replace(/\.br$/, '')}`;
    const response = await fetch(url);
    if (!response.ok) fail(`could not fetch "${url}": the server answered with status ${response.status}.`);
    // Compiled while it comes, where the server gives the type that browsers ask for.
    const streams = /^application\/wasm/.test(response.headers.get('content-type') || '') && WebAssembly.compileStreaming;
    const module = await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
    return (await WebAssembly.instantiate(module, await imports())).exports as unknown as WasmExports;
  },
  async startThreads(threads: number, variant: string, reasons: string[]): Promise<Engine> {
    if (!self.crossOriginIsolated) fail('this page is not cross-origin isolated, so it has no shared memory');
    if (!window.createWxnn) await loadScript(new URL('wxnn-threads.js', import.meta.url).href);
    return startOn(window.createWxnn!, threads, variant, reasons);
  },
  async fetch(url: string, options: FetchOptions): Promise<Uint8Array> {
    const bytes = await abortable(fetchAll(url, options), options.signal, `"${url}"`);
    if (options.onBytes) options.onBytes(bytes.length, bytes.length);
    return bytes;
  },
  warmUp,
  fileSystem: () => fail('on a web page, pass a FileSystem as the option fs.'),
  userDataPath: () => fail('on a web page, pass a directory as userDataPath.'),
  storage: {
    read: (key: string): unknown => JSON.parse(localStorage.getItem(key) || 'null') ?? undefined,
    write: (key: string, value: string | number): void => localStorage.setItem(key, JSON.stringify(value)),
    remove: (key: string): void => localStorage.removeItem(key),
  },
  platform: 'web' as const,
  device: () => ({ system: navigator.userAgent }),
  canvas: (): { getContext(type: string, attributes: object): never } => document.createElement('canvas') as never,
  now: (): number => performance.now(),
  models: { faces: new URL('models/face_full_range.tflite', import.meta.url).href },
};

declare global {
  interface Window {
    createWxnn?: CreateThreads;
  }
}

function loadScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`could not fetch "${url}"`));
    document.head.append(script);
  });
}

async function fetchAll(url: string, { fetchFunc }: FetchOptions): Promise<Uint8Array> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), kTimeOut);
  try {
    const response = await (fetchFunc ? fetchFunc(url, { method: 'GET' }) : fetch(url, { signal: stop.signal }));
    const status = Number(response.status);
    if (!(status >= 200 && status <= 299)) throw new Error(`the server answered with status ${status}.`);
    const body = await response.arrayBuffer();
    return typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  } catch (error) {
    const { message, name } = error as Error;
    return fail(`could not fetch "${url}": ${name === 'AbortError' ? `no answer within ${kTimeOut / 1000} s.` : message}`);
  } finally {
    clearTimeout(timer);
  }
}
