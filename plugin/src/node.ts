// wxnn in Node.
import { setHost } from './host';
import { nodeHost } from './host_node';
import { setParts } from './parts';
import * as tfjs from './tfjs';

setHost(nodeHost);
setParts({ tfjs: () => tfjs });

export * from './public';
