// tfjs models kept in a mini-program's user files or storage: tf.io handlers with the keys and formats of tfjs-wechat, so
// that what it saved loads here, and the other way round. A part of download.js.
import { asBytes, describe, fail, joinBytes, tagOf } from './checks';
import { readFile } from './files';
import { getHost } from './host';
import { base64Decode, base64Encode, utf8Decode, utf8Encode } from './text';
import type { FileSystem, StorageHandler } from './types';
import { removeFile, writeFile } from './write_file';

/** What tfjs calls ModelArtifacts, as far as it is looked at here. */
interface Artifacts {
  modelTopology?: unknown;
  weightData?: unknown;
}

/** Where a model's three texts go. */
interface Shelf {
  /** `info` is written last: a half-saved model has none. */
  fill(topology: string, weights: Uint8Array, info: string): Promise<void>;
  empty(): Promise<unknown>;
  /** Throws why there is none. */
  info(): Promise<string>;
  topology(): Promise<string>;
  weights(): Promise<Uint8Array>;
}

const kChunk = 800 * 1024;  // base64 digits in one entry of the storage, which holds 1 MB

function weightsOf({ modelTopology, weightData }: Artifacts): Uint8Array {
  if (asBytes(modelTopology)) fail('only a model whose topology is JSON can be saved.');
  const parts = tagOf(weightData) === 'Array' ? (weightData as unknown[]) : weightData === undefined || weightData === null ? [] : [weightData];
  return joinBytes(parts.map((part) => asBytes(part) || fail(`weightData must be an ArrayBuffer or several; this is ${describe(part)}.`)));
}

/** `hint`: what to say when there was no room. The name becomes part of file names and keys, so it must be one. */
function handler(name: unknown, from: string, hint: string, shelfOf: (what: string) => Shelf): StorageHandler {
  if (typeof name !== 'string' || !name) fail(`the ${from} must be a text that is not empty; this is ${describe(name)}.`);
  const what = `the model "${name}"`;
  const shelf = shelfOf(what);
  return {
    async save(artifacts: Artifacts) {
      const weights = weightsOf(artifacts);
      const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: 'JSON' as const, weightDataBytes: weights.length };
      try {
        await shelf.fill(JSON.stringify({ ...artifacts, weightData: undefined }), weights, JSON.stringify(modelArtifactsInfo));
        return { modelArtifactsInfo };
      } catch (error) {
        await shelf.empty();
        const { message, errMsg } = error as { message?: string; errMsg?: string };
        return fail(`${what} could not be saved${hint}: ${message || errMsg}`);
      }
    },
    async load() {
      const info = await shelf.info().catch(({ message }: Error) => fail(`${what} has not been saved here${message ? `: ${message}` : '.'}`));
      if (!/"modelTopologyType" *: *"JSON"/.test(info)) fail(`${what} was not saved completely: save it again.`);
      const artifacts = JSON.parse(await shelf.topology());
      const weights = await shelf.weights();
      artifacts.weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length);
      return artifacts;
    },
  };
}

export function fileStorageIO(prefix: string, fs: FileSystem = getHost().fileSystem(), userDataPath: string = getHost().userDataPath()): StorageHandler {
  return handler(prefix, 'prefix of fileStorageIO', '', () => {
    const directory = `${userDataPath.replace(/\/+$/, '')}/tensorflowjs_models`;
    const [info, model, data] = ['info.json', 'model_without_weight.json', 'weight_data'].map((end) => `${directory}/${prefix}_${end}`);
    const text = async (file: string) => utf8Decode(await readFile(file, { fs }));
    return {
      async fill(topology, weights, saved) {
        await makeDirectory(fs, directory);
        await removeFile(fs, info);
        await writeFile(fs, model, utf8Encode(topology));
        await writeFile(fs, data, weights);
        await writeFile(fs, info, utf8Encode(saved));
      },
      empty: () => Promise.all([info, model, data].map((file) => removeFile(fs, file))),
      info: () => text(info),
      topology: () => text(model),
      weights: () => readFile(data, { fs }),
    };
  });
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

export function localStorageIO(path: string): StorageHandler {
  return handler(path, 'path of localStorageIO', ' (the storage holds 10 MB in all; fileStorageIO takes more)', (what) => {
    const { storage } = getHost();
    const [info, model, data, count] = ['info', 'model_without_weight', 'weight_data:', 'weight_data_size'].map((end) => `tensorflowjs_models/${path}/${end}`);
    const empty = async () => {
      for (let i = Number(storage.read(count)) || 0; i > 0; i--) storage.remove(data + (i - 1));
      [info, model, count].forEach((key) => storage.remove(key));
    };
    return {
      async fill(topology, weights, saved) {
        const digits = base64Encode(weights);
        await empty();
        storage.write(count, Math.ceil(digits.length / kChunk));  // first: empty() goes by it
        for (let i = 0; i * kChunk < digits.length; i++) storage.write(data + i, digits.slice(i * kChunk, (i + 1) * kChunk));
        storage.write(model, topology);
        storage.write(info, saved);
      },
      empty,
      info: async () => String(storage.read(info) || fail('')),
      topology: async () => String(storage.read(model)),
      async weights() {
        const pieces = Number(storage.read(count));
        let digits = '';
        for (let i = 0; i < pieces; i++) digits += storage.read(data + i) || fail(`piece ${i} of ${pieces} of the weights of ${what} is missing: save it again.`);
        return base64Decode(digits);
      },
    };
  });
}
