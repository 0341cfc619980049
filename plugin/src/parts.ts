// Parts of the adapter that lie in files of their own and are read when they are first asked for, so that index.js stays
// small. A mini-program requires them; Node and browsers have all in one bundle. The entry point says how.
import type * as storage from './storage';
import type * as tfjs from './tfjs';
import type * as worker from './worker';

export interface Parts {
  /** In download.js: storage handlers. */
  storage(): Pick<typeof storage, 'fileStorageIO' | 'localStorageIO'>;
  /** tfjs.js: backends, graph models. */
  tfjs(): typeof tfjs;
  /** worker.js: models in a worker. */
  worker(): typeof worker;
}

let current: Parts;

export function setParts(parts: Parts): void {
  current = parts;
}

export function getParts(): Parts {
  return current;
}
