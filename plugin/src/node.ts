// wxnn in Node.
import { fail } from './checks';
import { setHost } from './host';
import { nodeHost } from './host_node';
import { setParts } from './parts';
import * as storage from './storage';
import * as tfjs from './tfjs';

setHost(nodeHost);
setParts({ storage: () => storage, tfjs: () => tfjs, worker: () => fail('Node has its own workers: load the model in one of them.') });

export * from './public';
