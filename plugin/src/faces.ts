// Faces on a picture. Everything that computes is C++ (native/vision), so that every engine finds the same ones.
import { checkInteger, checkKeys, checkNumber, fail } from './checks';
import { getHost } from './host';
import { Residence, kLoadOptions, load, residenceOf } from './model';
import { getParts } from './parts';
import { PictureBlock, checkRotation } from './picture';
import type { Face, FaceDetector, FaceDetectorOptions, Model, ModelSource } from './types';

const kFaceFloats = 20;        // native/vision/tracker.h
const kLandmarkFloats = 1404;  // native/vision/mesh.h

export async function createDetector(options: FaceDetectorOptions = {}): Promise<FaceDetector> {
  checkKeys('createFaceDetector\'s options', options, kLoadOptions.concat('model', 'meshModel', 'threshold', 'maxFaces', 'track', 'smooth'));
  if (options.worker) return getParts().worker().detectInWorker(options);
  const { model = getHost().models.faces, meshModel, threshold = 0.5, maxFaces, track, smooth = track, ...loadOptions } = options;
  checkNumber('threshold', threshold, 0, 1);
  if (maxFaces !== undefined) checkInteger('maxFaces', maxFaces, 1, 1000000);
  if (smooth && !track) fail('smooth needs track: only the same face on several frames can be smoothed.');
  const own: Model[] = [];  // loaded here, so they go with the detector; a Model that was given stays the caller's
  const disposeOwn = () => own.forEach((loaded) => loaded.dispose());
  const provide = async (source: ModelSource | Model) => {
    const loaded = residenceOf(source) ? (source as Model) : await load(source as ModelSource, loadOptions);
    if (loaded !== source) own.push(loaded);
    return residenceOf(loaded) || fail('a face detector computes on the engine: it takes no other backend.');
  };
  try {
    const first = await provide(model);
    loadOptions.onProgress = undefined;
    const mesh = meshModel === undefined ? meshModel : await provide(meshModel);
    // A mesh model that needed the engine with every operator takes the detector there.
    return createOn(mesh && mesh.engine !== first.engine ? await provide(model) : first, mesh, [threshold, maxFaces || 0, +!!track, +!!smooth], disposeOwn);
  } catch (error) {
    disposeOwn();
    throw error;
  }
}

function createOn(network: Residence, mesh: Residence | undefined, configuration: number[], disposeOwn: () => void): FaceDetector {
  const { engine, name } = network;
  if (mesh && mesh.engine !== engine) {
    fail(`${mesh.name} was loaded by another build of the engine than the detector's model: load both with the same variant.`);
  }
  let handle = engine.demand(`${name} is not a face detector: `, 'wxnn_faces_create', network.handle());
  const pictures = new PictureBlock(engine);

  function free(): void {
    if (handle && !engine.stopped) engine.call('wxnn_faces_free', handle);
    if (handle) pictures.free();
    handle = 0;
    disposeOwn();
  }

  /** Face number `index` of the last frame; the engine's picture was smaller by `factor`. */
  function read(index: number, factor: number): Face {
    const floats = (call: string, count: number) => new Float32Array(engine.buffer(), engine.call(call, handle, index) >>> 0, count);
    const [score, ...numbers] = floats('wxnn_faces_result', kFaceFloats);
    const points = numbers.map((value) => value * factor);
    const keypoints: [number, number][] = [];
    for (let k = 4; k < 16; k += 2) keypoints.push([points[k], points[k + 1]]);
    const face: Face = { score, box: [points[0], points[1], points[2], points[3]], keypoints, angle: numbers[16] };
    if (mesh) {
      face.meshScore = numbers[17];
      face.mesh = floats('wxnn_faces_landmarks', kLandmarkFloats).map((value) => value * factor);
    }
    if (numbers[18]) face.id = numbers[18];
    return face;
  }

  engine.call('wxnn_faces_configure', handle, ...configuration);
  try {
    // MediaPipe's file ends in the flag's logit, tfjs's in its sigmoid.
    if (mesh) engine.demand(`${mesh.name} is not a face mesh model: `, 'wxnn_faces_use_mesh', handle, mesh.handle(), +(mesh.format === 'tflite'));
  } catch (error) {
    free();
    throw error;
  }
  const detector: FaceDetector = {
    detectAsync: (...picture) => new Promise((resolve) => resolve(detector.detect(...picture))),
    detect(rgba, width, height, options = {}) {
      checkKeys('detect\'s options', options, ['rotation', 'mirror', 'time']);
      const { rotation = 0, mirror, time = getHost().now() } = options;
      checkRotation(rotation);
      checkNumber('time', time, -1e15, 1e15);
      if (!handle) fail('this face detector was disposed.');
      const models = [network, mesh].map((model) => model && model.handle());  // they may be the caller's, and disposed
      const picture = pictures.place(rgba, width, height);
      engine.demand('', 'wxnn_faces_begin', handle, picture.pointer, picture.bytes, picture.width, picture.height, rotation, +!!mirror, time);
      for (let step; (step = engine.call('wxnn_faces_next', handle));) {
        if (step < 0) throw engine.failure('', 'wxnn_faces_next');
        engine.demand(`${[name, mesh && mesh.name][step - 1]}: `, 'wxnn_model_run', models[step - 1]!);
      }
      const faces: Face[] = [];
      for (let count = engine.call('wxnn_faces_count', handle); faces.length < count;) faces.push(read(faces.length, picture.factor));
      return faces;
    },
    dispose: free,
  };
  return detector;
}
