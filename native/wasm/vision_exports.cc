// The C ABI of vision: pictures to tensors, faces, meshes. See abi.md for what holds everywhere:
// pointers are byte offsets, functions that can fail return 0 (wxnn_faces_next: -1) and leave a
// sentence in wxnn_error().
//
// A picture is RGBA, 8 bits each, rows without padding: `rgba` points to `bytes` bytes, of which
// the first width * height * 4 are the picture. It is read during the call only.
#include <cstring>

#include "core/model.h"
#include "core/whole.h"
#include "vision/tracker.h"
#include "wasm/error.h"

#ifdef __wasm__
#define WXNN_EXPORT(name) extern "C" __attribute__((export_name(#name)))
#else
#define WXNN_EXPORT(name) extern "C"
#endif

namespace wxnn {
namespace {

// A tracker and the networks it asks for, which the caller runs and outlive it.
struct Faces {
  FaceTracker tracker;
  const Model* network = nullptr;
  const Model* mesh = nullptr;
  size_t landmarks = 0, flag = 0;  // outputs of mesh
  size_t elements = 0;             // of all their inputs and outputs
  FaceTrackerOptions options;
};

size_t elements_of(const Model* model) {
  if (!model) return 0;
  size_t sum = model->input(0).shape.elements();
  for (size_t i = 0; i < model->graph().outputs.size(); ++i) {
    sum += model->output(i).shape.elements();
  }
  return sum;
}

int done(const Status& status) { return status.ok() ? 1 : failed(status); }

// The side of a model's one square picture input.
Status side_of(Model& model, int* side) {
  const Tensor& input = model.input(0);
  const Shape& s = input.shape;
  WXNN_CHECK(model.graph().inputs.size() == 1 && input.dtype == DType::kFloat32 && s.rank() == 4 &&
                 s[1] == s[2] && s[1] > 0 && s[3] == 3 && model.planned(),
             "it takes {} {}, should take one picture, float32 [1,side,side,3]",
             name_of(input.dtype), s);
  *side = s[1];
  return model.reserve();
}

Status open(Faces& faces, Model* network) {
  const size_t count = network->graph().outputs.size();
  Shape outputs[4];
  int side = 0;
  WXNN_TRY(side_of(*network, &side));
  WXNN_CHECK(count <= 4, "a face detector has no {} outputs", count);
  for (size_t i = 0; i < count; ++i) outputs[i] = network->output(i).shape;
  faces.network = network;
  faces.elements = elements_of(network);
  return faces.tracker.detector().open(side, std::span(outputs, count));
}

Status use_mesh(Faces& faces, Model* mesh, bool score_is_logit) {
  int side = 0, found = 0;
  WXNN_TRY(side_of(*mesh, &side));
  for (size_t i = 0; i < mesh->graph().outputs.size(); ++i) {
    const int64_t count = mesh->output(i).shape.elements();
    if (count == kLandmarkFloats) faces.landmarks = i, found |= 1;
    if (count == 1) faces.flag = i, found |= 2;
  }
  WXNN_CHECK(found == 3, "it has no outputs of {} and of 1 value", kLandmarkFloats);
  faces.mesh = mesh;
  faces.elements += elements_of(mesh);
  faces.tracker.use_mesh(side, score_is_logit);
  return {};
}

Status begin(Faces& faces, const Image& image, int rotation, bool mirror, double ms) {
  WXNN_CHECK(elements_of(faces.network) + elements_of(faces.mesh) == faces.elements,
             "a model of the detector was resized");
  return faces.tracker.begin(image, rotation, mirror, ms, faces.options);
}

const float* floats_of(const Model* model, size_t output) {
  return static_cast<const float*>(model->output(output).data);
}

FaceTracker::Step next(Faces& faces) {
  NetworkArrays detector, mesh;
  detector.input = static_cast<float*>(faces.network->input(0).data);
  const size_t count = faces.network->graph().outputs.size();
  for (size_t i = 0; i < count; ++i) detector.outputs[i] = floats_of(faces.network, i);
  if (faces.mesh) {
    mesh.input = static_cast<float*>(faces.mesh->input(0).data);
    mesh.outputs[0] = floats_of(faces.mesh, faces.landmarks);
    mesh.outputs[1] = floats_of(faces.mesh, faces.flag);
  }
  FaceTracker::Step step;
  const Status status = faces.tracker.next(detector, mesh, &step);
  if (!status.ok()) failed(status);
  return step;
}

}  // namespace

// Order of `params` below.
enum ImageParam {
  kX,  // roi: centre and extent, picture pixels
  kY,
  kWidth,
  kHeight,
  kAngle,     // of the roi, radians clockwise
  kRotation,  // 0, 90, 180, 270: clockwise degrees that make the picture upright
  kMirror,    // this and the next two: 0 or 1; see ImageTransform in vision/image.h
  kLetterbox,
  kExtend,
  kMean,              // 3 numbers, in 0..255
  kScale = kMean + 3  // 3 numbers: out = (pixel - mean) * scale
};

// Writes out_width * out_height * 3 float32 to `out`: [height, width, 3]. `params`: 15 float32.
WXNN_EXPORT(wxnn_image_to_tensor)
int wxnn_image_to_tensor(const uint8_t* rgba, size_t bytes, int width, int height,
                         const float* params, float* out, int out_width, int out_height) {
  // Lives as long as the binary, so it needs no destructor.
  [[clang::no_destroy]] static constinit ImageSampler sampler;
  ImageTransform t{.width = out_width,
                   .height = out_height,
                   .rotation = whole<int>(params[kRotation]),
                   .mirror = params[kMirror] != 0,
                   .letterbox = params[kLetterbox] != 0,
                   .extend = params[kExtend] != 0};
  std::memcpy(&t.roi, params, sizeof t.roi);
  for (int c = 0; c < 3; ++c) {
    t.mean[c] = params[kMean + c];
    t.scale[c] = params[kScale + c];
  }
  return done(sampler.to_tensor({rgba, bytes, width, height}, t, out));
}

// Faces found by a detector's model (BlazeFace), which must outlive the handle and is run by the
// caller: see wxnn_faces_next. Returns a handle, or 0 where the model is none.
WXNN_EXPORT(wxnn_faces_create)
Faces* wxnn_faces_create(Model* network) {
  Faces* faces = new Faces;
  if (done(open(*faces, network))) return faces;
  delete faces;
  return nullptr;
}

// Faces have landmarks from now on. score_is_logit: 1 where the model ends in the flag's logit (the
// .tflite file), 0 where in a probability (tfjs's).
WXNN_EXPORT(wxnn_faces_use_mesh)
int wxnn_faces_use_mesh(Faces* faces, Model* mesh, int score_is_logit) {
  return done(use_mesh(*faces, mesh, score_is_logit != 0));
}

// threshold: 0..1; max_faces: 0 for 256; track, smooth: 0 or 1 (vision/tracker.h).
WXNN_EXPORT(wxnn_faces_configure)
void wxnn_faces_configure(Faces* faces, float threshold, int max_faces, int track, int smooth) {
  faces->options = {threshold, max_faces, track != 0, smooth != 0};
}

WXNN_EXPORT(wxnn_faces_free)
void wxnn_faces_free(Faces* faces) { delete faces; }

// A frame; it is read until wxnn_faces_next gives 0. rotation: 0, 90, 180, 270; mirror: 0 or 1;
// ms: a clock's.
WXNN_EXPORT(wxnn_faces_begin)
int wxnn_faces_begin(Faces* faces, const uint8_t* rgba, size_t bytes, int width, int height,
                     int rotation, int mirror, double ms) {
  const Image image = {.rgba = rgba, .bytes = bytes, .width = width, .height = height};
  return done(begin(*faces, image, rotation, mirror != 0, ms));
}

// What the caller runs before it calls this again: 1 the detector's model, 2 the mesh model; 0: the
// faces are there; -1: failed.
WXNN_EXPORT(wxnn_faces_next)
int wxnn_faces_next(Faces* faces) { return next(*faces); }

WXNN_EXPORT(wxnn_faces_count)
size_t wxnn_faces_count(const Faces* faces) { return faces->tracker.count(); }

// Face i as 20 float32: score, box x0 y0 x1 y1, 6 keypoints x y, angle (vision/faces.h), then the
// mesh's score and the face's number (vision/tracker.h). Valid until the next frame begins.
WXNN_EXPORT(wxnn_faces_result)
const void* wxnn_faces_result(const Faces* faces, size_t i) { return &faces->tracker.face(i); }

// Its landmarks, 1404 float32: x, y in picture pixels, z in the same unit.
WXNN_EXPORT(wxnn_faces_landmarks)
const float* wxnn_faces_landmarks(const Faces* faces, size_t i) {
  return faces->tracker.landmarks(i);
}

}  // namespace wxnn
