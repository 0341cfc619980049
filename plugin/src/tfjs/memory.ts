// What was measured on this device, so that the next start need not measure again.
import { getHost } from '../host';

declare const WXNN_VERSION: string;

/** A new client, device or version of wxnn measures anew. */
function keyOf(what: string): string {
  const { model, system, version, SDKVersion, platform } = getHost().device();
  return ['wxnn', WXNN_VERSION, model, system, platform, version, SDKVersion, what].join('|');
}

export function recall(what: string): string | undefined {
  try {
    const value = getHost().storage.read(keyOf(what));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

export function remember(what: string, value: string): void {
  try {
    getHost().storage.write(keyOf(what), value);
  } catch {
    // a full storage costs a measurement at the next start
  }
}

export function forgetChoice(what: string): void {
  try {
    getHost().storage.remove(keyOf(what));
  } catch {
    // as above
  }
}
