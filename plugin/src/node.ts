// wxnn in Node.
import { setHost } from './host';
import { nodeHost } from './host_node';

setHost(nodeHost);

export * from './public';
