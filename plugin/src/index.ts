// wxnn in a mini-program: as a plugin, from npm, or copied in.
import { setHost } from './host';
import { wechatHost } from './host_wechat';

setHost(wechatHost);

export * from './public';
