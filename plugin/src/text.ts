// UTF-8 and base64: mini-programs have neither TextEncoder, TextDecoder nor atob. The bundles for Node and web pages use the host's.

declare const WXNN_TEXT_CODER: boolean;  // put in by tools/bundle.js
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** Half a surrogate pair becomes U+FFFD, as TextEncoder has it. */
export function utf8Encode(text: string): Uint8Array {
  if (WXNN_TEXT_CODER) return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length * 3);
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xe000) {
      const low = text.charCodeAt(i + 1);
      const isPair = code < 0xdc00 && low >= 0xdc00 && low < 0xe000;
      code = isPair ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
      if (isPair) i++;
    }
    if (code < 0x80) {
      bytes[end++] = code;
      continue;
    }
    const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    bytes[end++] = ((0xf0 << (3 - more)) & 0xff) | (code >> (6 * more));
    for (let shift = 6 * (more - 1); shift >= 0; shift -= 6) bytes[end++] = 0x80 | ((code >> shift) & 0x3f);
  }
  return bytes.slice(0, end);
}

/** What is not UTF-8 becomes U+FFFD; a byte-order mark is dropped: as TextDecoder has it. */
export function utf8Decode(bytes: Uint8Array): string {
  if (WXNN_TEXT_CODER) return new TextDecoder().decode(bytes);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let text = '';
  let units: number[] = [];
  for (let i = hasMark ? 3 : 0; i < bytes.length;) {
    const lead = bytes[i++];
    let code = lead;
    if (lead >= 0x80) {
      const more = lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
      // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
      let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      code = lead & (0x3f >> more);
      let left = more;
      while (left > 0 && bytes[i] >= low && bytes[i] <= high) {
        code = (code << 6) | (bytes[i++] & 0x3f);
        low = 0x80;
        high = 0xbf;
        left--;
      }
      if (more === 0 || left > 0) code = 0xfffd;
    }
    if (code >= 0x10000) units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
    else units.push(code);
    if (units.length > 4096) {  // as many as apply() surely takes
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

const kDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const kValues = new Uint8Array(128).fill(64);
for (let i = 0; i < 64; i++) kValues[kDigits.charCodeAt(i)] = i;

/** Takes the URL-safe alphabet too, with or without padding. Throws at any other character. */
export function base64Decode(text: string): Uint8Array {
  const digits = text.replace(/=+$/, '').replace(/-/g, '+').replace(/_/g, '/');
  const bytes = new Uint8Array((digits.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let end = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = kValues[digits.charCodeAt(i)];
    if (!(digit < 64)) throw new Error(`"${digits[i]}" is no base64 digit.`);
    bits = ((bits << 6) | digit) & 0xffff;
    held += 6;
    if (held >= 8) bytes[end++] = (bits >> (held -= 8)) & 0xff;
  }
  return bytes;
}

export function base64Encode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];  // what is not there counts as 0
    for (let shift = 18; shift >= 0; shift -= 6) text += kDigits[(bits >> shift) & 63];
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - missing) + '=='.slice(0, missing);
}
