// wxnn on a web page.
import { fail } from './checks';
import { setHost } from './host';
import { webHost } from './host_web';
import { setParts } from './parts';
import * as storage from './storage';
import * as tfjs from './tfjs';

setHost(webHost);
const parts = { storage: () => storage, tfjs: () => tfjs, worker: (): never => fail('a web page has its own workers: load the model in one of them.') };
setParts(parts);

export * from './public';
