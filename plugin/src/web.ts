// wxnn on a web page.
import { setHost } from './host';
import { webHost } from './host_web';
import { setParts } from './parts';
import * as tfjs from './tfjs';

setHost(webHost);
setParts({ tfjs: () => tfjs });

export * from './public';
