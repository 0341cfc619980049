// The models of this code package, loaded once for all pages. They lie here, not in the plugin, so they are read through this
// mini-program's own file system. The mesh is in a subpackage: with it the main package would pass WeChat's 2 MB.
const wxnn = requirePlugin('wxnn');

const DETECTOR = '/models/face_full_range.br';  // .tflite under an ending that WeChat's packer keeps

/** @returns {Promise<{MESH: string, SHORT: string}>} paths of the subpackage's models, once it is on the phone */
function openSubpackage() {
  return /** @type {any} */ (require).async('../packages/mesh/models.js');
}

const options = () => ({ fs: /** @type {any} */ (wx.getFileSystemManager()) });

/** @type {Promise<{model: any, meshModel: any}> | undefined} */
let loading;

/** The detector's and the mesh model, for createFaceDetector. The next call tries again when this one fails. */
function loadFaceModels() {
  loading = loading || Promise.all([
    wxnn.loadModel(DETECTOR, options()),
    openSubpackage().then(({ MESH }) => wxnn.loadModel(MESH, options())),
  ]).then(([model, meshModel]) => ({ model, meshModel }), (error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Where the two lie, for a detector that loads them elsewhere. */
async function facePaths() {
  const { MESH } = await openSubpackage();
  return { ...options(), model: DETECTOR, meshModel: MESH };
}

/** Every packaged model: its name in the texts, and where it is. */
async function listModels() {
  const { MESH, SHORT } = await openSubpackage();
  return [{ id: 'full', path: DETECTOR }, { id: 'short', path: SHORT }, { id: 'mesh', path: MESH }];
}

/** What is to be shown of an error. @param {any} error */
const textOf = (error) => error.message || error.errMsg || String(error);

module.exports = { facePaths, loadFaceModels, listModels, loadOptions: options, textOf };
