// The engine inside a mini-program's worker: a script of its own (build/worker/wxnn.js), which tools/package --worker copies into
// the host. A worker has WXWebAssembly and no wx.
import { fail } from '../checks';
import { getEngine } from '../engine';
import { createDetector } from '../faces';
import { Host, setHost } from '../host';
import { createOnEither } from '../model';
import type { ModelFile } from '../source';
import type { FaceDetector, Model, TensorData } from '../types';
import { instantiate } from '../wechat_instantiate';
import { Answer, Loaded, Request, WireFace, WireOutputs, fromWire, toWire } from './messages';

declare const worker: {
  onMessage(listener: (message: Request & { id: number }) => void): void;
  postMessage(message: object): void;
};

const absent = () => fail('a worker has no such thing.');
const workerHost: Host = {
  instantiate, fetch: absent, fileSystem: absent, userDataPath: absent, canvas: absent, device: () => ({}), platform: 'wechat',
  storage: { read: absent, write: absent, remove: absent }, now: () => Date.now(), models: { faces: '' },
};
setHost(workerHost);

const models: { [id: number]: Model | FaceDetector } = {};
let count = 0;

/** A detector with its models, which go with it. */
async function createDetectorOf(request: Request & { call: 'detector' }): Promise<Loaded> {
  const engine = await getEngine(request);
  const own: Model[] = [];
  const disposeOwn = () => own.forEach((loaded) => loaded.dispose());
  try {
    for (const { name, format, bytes } of request.files) own.push(await createOnEither(engine, { name, format, pieces: [new Uint8Array(bytes)] }, request));
    const [model, meshModel] = own;
    const detector = await createDetector({ ...request.options, model, meshModel });
    models[++count] = {
      ...detector,
      dispose() {
        detector.dispose();
        disposeOwn();
      },
    };
    return { model: count, inputs: [], outputs: [], variant: engine.variant, reasons: model.backend.reasons as string[] };
  } catch (error) {
    disposeOwn();
    throw error;
  }
}

function detect(detector: FaceDetector, { rgba, width, height, options }: Request & { call: 'detect' }): WireFace[] {
  return detector.detect(rgba, width, height, options).map(({ mesh, ...face }) => ({ ...face, ...(mesh && { mesh: toWire(mesh, 'float32').buffer }) }));
}

async function answer(request: Request): Promise<Loaded | WireOutputs | WireFace[] | undefined> {
  if (request.call === 'detector') return createDetectorOf(request);
  if (request.call === 'load') {
    const file: ModelFile = { name: request.name, format: request.format, pieces: [new Uint8Array(request.bytes)] };
    const model = await createOnEither(await getEngine(request), file, request);
    models[++count] = model;
    return { model: count, inputs: model.inputs.slice(), outputs: model.outputs.slice(), variant: model.backend.variant, reasons: model.backend.reasons as string[] };
  }
  const thing = models[request.model] || fail('the worker was started anew.');
  if (request.call === 'detect') return detect(thing as FaceDetector, request);
  const model = thing as Model;
  switch (request.call) {
    case 'run': {
      const inputs: { [name: string]: TensorData } = {};
      for (const name of Object.keys(request.inputs)) inputs[name] = fromWire(request.inputs[name]);
      const outputs = model.run(inputs, { ...request.options, views: true });
      const wire: WireOutputs = {};
      for (const name of Object.keys(outputs)) wire[name] = { ...toWire(outputs[name].data, outputs[name].dtype), shape: outputs[name].shape };
      return wire;
    }
    case 'resize':
      model.resize(request.shapes);
      return undefined;
    case 'setImage':
      model.setImage(request.input, new Uint8Array(request.rgba), request.width, request.height, request.options);
      return undefined;
    case 'resetState':
      model.resetState();
      return undefined;
    case 'dispose':
      model.dispose();
      Reflect.deleteProperty(models, request.model);
      return undefined;
  }
}

worker.onMessage((request) => {
  answer(request).then(
    (result) => worker.postMessage({ id: request.id, result } as Answer),
    (error: Error) => worker.postMessage({ id: request.id, error: error.message, stopped: /the engine stopped/.test(error.message) } as Answer),
  );
});
