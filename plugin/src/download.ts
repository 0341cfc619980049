// The part of the adapter that fetches URLs in a mini-program: download.js.
export { fetchUrl } from './wechat_network';
