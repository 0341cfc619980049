const kDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function base64Encode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    text += kDigits[bits >> 18] + kDigits[(bits >> 12) & 63] + (left > 1 ? kDigits[(bits >> 6) & 63] : '=') + (left > 2 ? kDigits[bits & 63] : '=');
  }
  return text;
}
