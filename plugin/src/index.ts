// wxnn in a mini-program: as a plugin, from npm, or copied in.
import { arrayOf, asBytes, checkKeys, checkPicture, describe, elements, fail, joinBytes, kDTypes, lengthOf, messageOf, tagOf, viewOf } from './checks';
import { getEngine } from './engine';
import { createDetector } from './faces';
import { readFile } from './files';
import { checkAborted, getHost, setHost } from './host';
import { setDownload, wechatHost } from './host_wechat';
import { createOnEither, kLoadOptions, load, residenceOf } from './model';
import { encodeNodeList } from './node_list';
import { setParts } from './parts';
import { writeImage } from './picture';
import {
  accelerate, chooseBackend, configPlugin, createFaceDetector, fileStorageIO, kernelReport, loadGraphModel, loadModel, localStorageIO, probe,
  registerBackend, version,
} from './public';
import { fetchModel, fromParts, parseModelJson, readModel } from './source';
import { base64Decode, base64Encode, utf8Decode, utf8Encode } from './text';

/**
 * What the parts share with this file, by place: tools/bundle.js takes their imports of these names from here, and refuses imports
 * of other names from the modules above.
 */
const shared = [
  arrayOf, asBytes, base64Decode, base64Encode, checkAborted, checkKeys, checkPicture, createDetector, createOnEither, describe, elements, encodeNodeList, fail, fetchModel, fromParts,
  getEngine, getHost, joinBytes, kDTypes, kLoadOptions, lengthOf, load, messageOf, parseModelJson, readFile, readModel, residenceOf, tagOf, utf8Decode, utf8Encode, viewOf,
  writeImage,
];

/** The part of a file, made when it is first asked for. */
function partOf<T>(file: string, load: () => unknown): () => T {
  let part: T | undefined;
  return () => {
    try {
      return part || (part = (load() as (names: typeof shared) => T)(shared));
    } catch (error) {
      return fail(`this package of wxnn was made without ${file}, which is needed here: ${(error as Error).message}`);
    }
  };
}

setHost(wechatHost);
// Literal paths: WeChat's packer follows them.
const download = partOf<typeof import('./download')>('download.js', () => require('./download.js'));
setDownload(download);
setParts({ storage: download, tfjs: partOf('tfjs.js', () => require('./tfjs.js')), worker: partOf('worker.js', () => require('./worker.js')) });

// Not "export *": that is 0.5 KB of getters.
module.exports = {
  accelerate, chooseBackend, configPlugin, createFaceDetector, fileStorageIO, kernelReport, loadGraphModel, loadModel, localStorageIO, probe,
  registerBackend, version,
};
