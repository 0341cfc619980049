// What was measured on this device, so that the next start need not measure again.
import { getHost } from '../host';
import type { Host } from '../host';

declare const WXNN_VERSION: string;

/** A new client, device or version of wxnn measures anew. */
function keyOf(what: string): string {
  const { model, system, version, SDKVersion, platform } = getHost().device();
  return ['wxnn', WXNN_VERSION, model, system, platform, version, SDKVersion, what].join('|');
}

/** A storage that is full or broken costs a measurement at the next start. */
function withStorage<T>(work: (storage: Host['storage']) => T): T | undefined {
  try {
    return work(getHost().storage);
  } catch {
    return undefined;
  }
}

export function recall(what: string): unknown {
  return withStorage((storage) => storage.read(keyOf(what)));
}

export function remember(what: string, value: string): void {
  withStorage((storage) => storage.write(keyOf(what), value));
}

export function forgetChoice(what: string): void {
  withStorage((storage) => storage.remove(keyOf(what)));
}
