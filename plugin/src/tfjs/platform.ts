// What tfjs wants of the platform it runs on and a mini-program does not have.
import { fail, tagOf } from '../checks';
import { getHost } from '../host';
import { base64Decode, base64Encode, utf8Decode, utf8Encode } from '../text';
import type { ConfigOptions } from '../types';
import type { HostTf } from './host_tf';

export function setPlatform(tf: HostTf, options: ConfigOptions): void {
  const { platform } = getHost();
  if (platform !== 'wechat' && !options.fetchFunc) return;  // Node and browsers bring their own
  tf.env().setPlatform(platform, {
    fetch: options.fetchFunc || ((url: string) => fetchForTf(url, options)),
    now: () => getHost().now(),
    encode: (text: string, encoding?: string) => utf8Encode(checkUtf8(text, encoding)),
    decode: (bytes: Uint8Array, encoding?: string) => utf8Decode(checkUtf8(bytes, encoding)),
    isTypedArray: (value: unknown) => /^(Float32|Int32|Uint8|Uint8Clamped)Array$/.test(tagOf(value)),
  });
  setBase64(tf.env().global);
}

function checkUtf8<T>(value: T, encoding = 'utf-8'): T {
  return /^utf-?8$/i.test(encoding) ? value : fail(`tfjs asked for a text in ${encoding}; only UTF-8 is known here.`);
}

/** As much of a Response as tfjs reads. */
async function fetchForTf(url: string, { fs, userDataPath, cache }: ConfigOptions): Promise<object> {
  const bytes = await getHost().fetch(url, { fs, userDataPath, cache });
  const text = async () => utf8Decode(bytes);
  return {
    ok: true,
    status: 200,
    url,
    headers: { get: () => null },
    text,
    json: async () => JSON.parse(await text()),
    arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  };
}

/** Some of tfjs's loaders call them; in DevTools' real-device debugging the names are there and cannot be set. */
function setBase64(global: { [name: string]: unknown }): void {
  const functions: { [name: string]: (text: string) => string } = {
    btoa: (text) => base64Encode(Uint8Array.from(text, (character) => character.charCodeAt(0))),
    atob: (text) => Array.from(base64Decode(text), (byte) => String.fromCharCode(byte)).join(''),
  };
  for (const name of Object.keys(functions)) {
    try {
      if (typeof global[name] !== 'function') global[name] = functions[name];
    } catch {
      // read-only: then it is there
    }
  }
}
