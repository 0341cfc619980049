// Faces on a picture. Everything that computes is C++ (native/vision), so that every engine finds the same ones.
import { checkInteger, checkKeys, checkNumber, elements, fail, shapeText } from './checks';
import { getHost } from './host';
import { Residence, kLoadOptions, load, residenceOf } from './model';
import { PictureBlock, checkRotation } from './picture';
import type { Face, FaceDetector, FaceDetectorOptions, LoadOptions, Model, ModelSource } from './types';

const kFaceFloats = 18;        // native/vision/faces.h
const kLandmarkFloats = 1404;  // native/vision/mesh.h

export async function createDetector(options: FaceDetectorOptions = {}): Promise<FaceDetector> {
  checkKeys('createFaceDetector\'s options', options, kLoadOptions.concat('model', 'meshModel', 'threshold', 'maxFaces'));
  const { model = getHost().models.faces, meshModel, threshold = 0.5, maxFaces } = options;
  checkNumber('threshold', threshold, 0, 1);
  if (maxFaces !== undefined) checkInteger('maxFaces', maxFaces, 1, 1000000);
  const own: Model[] = [];  // loaded here, so they go with the detector; a Model that was given stays the caller's
  const disposeOwn = () => own.forEach((loaded) => loaded.dispose());
  const provide = async (source: ModelSource | Model, loadOptions: LoadOptions) => {
    if (residenceOf(source)) return source as Model;
    const loaded = await load(source as ModelSource, loadOptions);
    own.push(loaded);
    return loaded;
  };
  try {
    const network = await provide(model, loadOptionsOf(options));
    const mesh = meshModel === undefined ? meshModel : meshOf(await provide(meshModel, { ...loadOptionsOf(options), onProgress: undefined }), network);
    return createOn(network, mesh, threshold, maxFaces || 0, disposeOwn);
  } catch (error) {
    disposeOwn();
    throw error;
  }
}

function loadOptionsOf(options: FaceDetectorOptions): LoadOptions {
  const picked: { [key: string]: unknown } = {};
  for (const key of kLoadOptions) picked[key] = options[key as keyof LoadOptions];
  return picked;
}

/** A mesh model, its input's side, and which outputs are landmarks and face flag. */
interface Mesh extends Residence {
  size: number;
  landmarks: number;
  flag: number;
}

function createOn(model: Model, mesh: Mesh | undefined, threshold: number, maxFaces: number, disposeOwn: () => void): FaceDetector {
  const { engine, name, handle: network } = residenceOf(model)!;
  const size = sideOf(model, name);
  const shapes: number[] = [];
  for (const { shape } of model.outputs) shapes.push(shape.length, ...shape);
  const block = engine.allocate(4 * Math.max(shapes.length, 1), 'shapes');  // later: a pointer to each output
  new Int32Array(engine.buffer(), block, shapes.length).set(shapes);
  const pictures = new PictureBlock(engine);
  let handle = 0;
  try {
    handle = engine.demand(`${name} is not a face detector: `, 'wxnn_faces_create', size, model.outputs.length, block);
  } finally {
    if (!handle) engine.free(block);
  }

  /** Faces number 0 to count - 1 of the last decode; the engine's picture was smaller by `factor`. */
  function read(count: number, factor: number): Face[] {
    const faces: Face[] = [];
    const first = engine.call('wxnn_faces_result', handle) >>> 0;
    const floats = new Float32Array(engine.buffer(), first, count * kFaceFloats);
    for (let at = 0; at < floats.length; at += kFaceFloats) {
      const pixel = (index: number) => floats[at + index] * factor;
      const keypoints: [number, number][] = [];
      for (let k = 5; k < 17; k += 2) keypoints.push([pixel(k), pixel(k + 1)]);
      faces.push({ score: floats[at], box: [pixel(1), pixel(2), pixel(3), pixel(4)], keypoints, angle: floats[at + 17] });
    }
    return faces;
  }

  function addMesh({ handle: meshNetwork, name: meshName, format, size: side, landmarks, flag }: Mesh, face: Face, index: number, picture: number[], factor: number): void {
    const input = engine.demand('', 'wxnn_model_input', meshNetwork(), 0);
    engine.demand('', 'wxnn_mesh_prepare', handle, index, ...picture, input, side);
    engine.demand(`${meshName}: `, 'wxnn_model_run', meshNetwork());
    const points = engine.demand('', 'wxnn_model_output', meshNetwork(), landmarks);
    const presence = engine.demand('', 'wxnn_model_output', meshNetwork(), flag);
    // MediaPipe's file ends in the flag's logit, tfjs's in its sigmoid.
    engine.demand('', 'wxnn_mesh_finish', handle, index, points, presence, +(format === 'tflite'), points);
    face.meshScore = engine.call('wxnn_mesh_score', handle, index);
    face.mesh = new Float32Array(engine.buffer(), points, kLandmarkFloats).map((value) => value * factor);
  }

  return {
    detect(rgba, width, height, options = {}) {
      checkKeys('detect\'s options', options, ['rotation', 'mirror']);
      const { rotation = 0, mirror } = options;
      checkRotation(rotation);
      if (!handle) fail('this face detector was disposed.');
      const input = engine.demand('', 'wxnn_model_input', network(), 0);
      const placed = pictures.place(rgba, width, height);
      const picture = [placed.pointer, placed.bytes, placed.width, placed.height];
      engine.demand('', 'wxnn_faces_prepare', handle, ...picture, rotation, +!!mirror, input);
      engine.demand(`${name}: `, 'wxnn_model_run', network());
      const outputs = model.outputs.map((_, index) => engine.call('wxnn_model_output', network(), index));
      new Int32Array(engine.buffer(), block, outputs.length).set(outputs);
      const count = engine.call('wxnn_faces_decode', handle, block, threshold, maxFaces);
      if (count < 0) throw engine.failure('', 'wxnn_faces_decode');
      const faces = read(count, placed.factor);
      if (mesh) faces.forEach((face, index) => addMesh(mesh, face, index, picture, placed.factor));
      return faces;
    },
    dispose() {
      if (handle && !engine.stopped) engine.call('wxnn_faces_free', handle);
      if (handle) {
        engine.free(block);
        pictures.free();
      }
      handle = 0;
      disposeOwn();
    },
  };
}

/** The side of a model's one square picture input. */
function sideOf({ inputs }: Model, name: string): number {
  const shape = inputs.length === 1 && inputs[0].dtype === 'float32' ? inputs[0].shape : [];
  if (shape.length !== 4 || shape[1] !== shape[2] || shape[3] !== 3 || shape[1] < 1) {
    fail(`${name} takes ${inputs.map((input) => input.dtype + ' ' + shapeText(input.shape)).join(', ')}; a face model takes one square picture, float32 [1,side,side,3].`);
  }
  return shape[1];
}

function meshOf(model: Model, detector: Model): Mesh {
  const residence = residenceOf(model)!;
  const { name, engine } = residence;
  if (engine !== residenceOf(detector)!.engine) {
    fail(`${name} was loaded by another build of the engine than the detector's model: load both with the same variant.`);
  }
  const size = sideOf(model, name);
  let landmarks = -1, flag = -1;
  model.outputs.forEach(({ shape }, index) => {
    const count = Math.abs(elements(shape));  // an open batch is 1
    if (count === kLandmarkFloats) landmarks = index;
    if (count === 1) flag = index;
  });
  if (landmarks < 0 || flag < 0) fail(`${name} is not a face mesh model: it has no outputs of ${kLandmarkFloats} and of 1 value.`);
  return { ...residence, size, landmarks, flag };
}
