// tfjs models kept in a mini-program's user files or storage: tf.io handlers with the keys and formats of tfjs-wechat, so
// that what it saved loads here, and the other way round.
import { asBytes, describe, fail, tagOf } from '../checks';
import { readFile } from '../files';
import { getHost } from '../host';
import { base64Decode, utf8Decode, utf8Encode } from '../text';
import type { FileSystem, StorageHandler } from '../types';
import { joinBytes, removeFile, writeFile } from '../write_file';
import { base64Encode } from './base64_encode';

/** What tfjs calls ModelArtifacts, as far as it is looked at here. */
interface Artifacts {
  modelTopology?: unknown;
  weightData?: unknown;
}

interface SaveInfo {
  dateSaved: Date;
  modelTopologyType: 'JSON';
  weightDataBytes: number;
}

const kChunk = 800 * 1024;  // base64 digits in one entry of the storage, which holds 1 MB

function weightsOf(artifacts: Artifacts): Uint8Array {
  if (asBytes(artifacts.modelTopology)) fail('only a model whose topology is JSON can be saved.');
  const { weightData } = artifacts;
  const parts = tagOf(weightData) === 'Array' ? (weightData as unknown[]) : weightData === undefined || weightData === null ? [] : [weightData];
  return joinBytes(parts.map((part) => asBytes(part) || fail(`weightData must be an ArrayBuffer or several; this is ${describe(part)}.`)));
}

function infoOf(weights: Uint8Array): SaveInfo {
  return { dateSaved: new Date(), modelTopologyType: 'JSON', weightDataBytes: weights.length };
}

/** Everything but the weights, as JSON. */
function topologyText(artifacts: Artifacts): string {
  return JSON.stringify({ ...artifacts, weightData: undefined });
}

function checkInfo(what: string, text: string): void {
  let info: SaveInfo | undefined;
  try {
    info = JSON.parse(text);
  } catch {
    // says the same as a wrong type
  }
  if (!info || info.modelTopologyType !== 'JSON') fail(`${what} was not saved completely: save it again.`);
}

/** A prefix becomes part of file names and keys, so it must be one. */
function checkName(name: string, value: unknown): void {
  if (typeof value !== 'string' || !value) fail(`${name} must be a text that is not empty; this is ${describe(value)}.`);
}

export function fileHandler(prefix: string, fs: FileSystem, userDataPath: string): StorageHandler {
  checkName('the prefix of fileStorageIO', prefix);
  const start = `${userDataPath.replace(/\/+$/, '')}/tensorflowjs_models/${prefix}_`;
  const files = { info: start + 'info.json', model: start + 'model_without_weight.json', weights: start + 'weight_data' };
  const what = `the model "${prefix}"`;
  return {
    async save(artifacts: Artifacts) {
      const weights = weightsOf(artifacts);
      const modelArtifactsInfo = infoOf(weights);
      try {
        await makeDirectory(fs, start.slice(0, start.lastIndexOf('/')));
        await removeFile(fs, files.info);  // written last: a half-saved model has none
        await writeFile(fs, files.model, utf8Encode(topologyText(artifacts)));
        await writeFile(fs, files.weights, weights);
        await writeFile(fs, files.info, utf8Encode(JSON.stringify(modelArtifactsInfo)));
        return { modelArtifactsInfo };
      } catch (error) {
        await Promise.all([files.info, files.model, files.weights].map((file) => removeFile(fs, file)));
        return fail(`${what} could not be saved: ${(error as Error).message}`);
      }
    },
    async load() {
      const read = async (file: string) => utf8Decode(await readFile(file, { fs }));
      checkInfo(what, await read(files.info).catch((error: Error) => fail(`${what} has not been saved here: ${error.message}`)));
      const artifacts = JSON.parse(await read(files.model));
      const weights = await readFile(files.weights, { fs });
      artifacts.weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length);
      return artifacts;
    },
  };
}

function makeDirectory(fs: FileSystem, dirPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!fs.mkdir) fail('this file system cannot make a directory (mkdir).');
    fs.mkdir({
      dirPath,
      recursive: true,
      success: () => resolve(),
      fail: ({ errMsg }) => (/exist/i.test(errMsg) ? resolve() : reject(new Error(errMsg))),
    });
  });
}

export function storageHandler(path: string): StorageHandler {
  checkName('the path of localStorageIO', path);
  const { storage } = getHost();
  const start = `tensorflowjs_models/${path}/`;
  const keys = { info: start + 'info', model: start + 'model_without_weight', weights: start + 'weight_data', count: start + 'weight_data_size' };
  const what = `the model "${path}"`;
  const clear = () => {
    const count = Number(storage.read(keys.count)) || 0;
    for (let i = 0; i < count; i++) storage.remove(`${keys.weights}:${i}`);
    [keys.info, keys.model, keys.count].forEach((key) => storage.remove(key));
  };
  return {
    async save(artifacts: Artifacts) {
      const weights = weightsOf(artifacts);
      const modelArtifactsInfo = infoOf(weights);
      const digits = base64Encode(weights);
      clear();
      try {
        storage.write(keys.count, Math.ceil(digits.length / kChunk));  // first: clear() goes by it
        for (let i = 0; i * kChunk < digits.length; i++) storage.write(`${keys.weights}:${i}`, digits.slice(i * kChunk, (i + 1) * kChunk));
        storage.write(keys.model, topologyText(artifacts));
        storage.write(keys.info, JSON.stringify(modelArtifactsInfo));
        return { modelArtifactsInfo };
      } catch (error) {
        clear();
        const { message, errMsg } = error as { message?: string; errMsg?: string };
        return fail(`${what} could not be saved (the storage holds 10 MB in all; fileStorageIO takes more): ${message || errMsg}`);
      }
    },
    async load() {
      const info = storage.read(keys.info);
      if (!info) fail(`${what} has not been saved here.`);
      checkInfo(what, String(info));
      const artifacts = JSON.parse(String(storage.read(keys.model)));
      const count = Number(storage.read(keys.count));
      let digits = '';
      for (let i = 0; i < count; i++) {
        const chunk = storage.read(`${keys.weights}:${i}`);
        if (!chunk) fail(`piece ${i} of ${count} of the weights of ${what} is missing: save it again.`);
        digits += chunk;
      }
      artifacts.weightData = base64Decode(digits).buffer;
      return artifacts;
    },
  };
}
