// The C ABI of vision: pictures to tensors, faces, meshes. See abi.md for what holds everywhere:
// pointers are byte offsets, functions that can fail return 0 (decode: -1) and leave a sentence in
// wxnn_error().
//
// A picture is RGBA, 8 bits each, rows without padding: `rgba` points to `bytes` bytes, of which
// the first width * height * 4 are the picture. It is read during the call only.
#include "core/math.h"
#include "vision/mesh.h"
#include "wasm/error.h"

#ifdef __wasm__
#define WXNN_EXPORT(name) extern "C" __attribute__((export_name(#name)))
#else
#define WXNN_EXPORT(name) extern "C"
#endif

namespace wxnn {
namespace {

struct Faces {
  std::unique_ptr<FaceDetector> detector;
  int mesh_size = 0;     // side of the mesh model's input, once a face was prepared for it
  float mesh_score = 0;  // of the last wxnn_mesh_finish
};

int done(const Status& status) { return status.ok() ? 1 : failed(status); }

Image image_of(const uint8_t* rgba, size_t bytes, int width, int height) {
  return {.rgba = rgba, .bytes = bytes, .width = width, .height = height};
}

// How the mesh model's input is made from one face of the last decode.
Status crop_of(const Faces& faces, int face, int size, ImageTransform* transform) {
  const auto found = faces.detector->faces();
  WXNN_CHECK(face >= 0 && static_cast<size_t>(face) < found.size(), "face ", face, " of ",
             found.size(), " does not exist");
  *transform = mesh_transform(mesh_roi(found[face]), faces.detector->mirror(), size);
  return {};
}

Status prepare_mesh(Faces& faces, int face, const Image& image, int size, float* out) {
  ImageTransform transform;
  WXNN_TRY(crop_of(faces, face, size, &transform));
  WXNN_TRY(faces.detector->sampler().to_tensor(image, transform, out));
  faces.mesh_size = size;
  return {};
}

Status finish_mesh(Faces& faces, int face, const float* landmarks, float score, float* out) {
  faces.mesh_score = 0;
  WXNN_CHECK(faces.mesh_size > 0, "the mesh has been given no picture");
  ImageTransform transform;
  WXNN_TRY(crop_of(faces, face, faces.mesh_size, &transform));
  const bool finite = project_mesh(transform, landmarks, out);
  faces.mesh_score = finite && score >= 0 && score <= 1 ? score : 0;
  return {};
}

Status create_faces(int input_size, int count, const int32_t* shapes, Faces** faces) {
  Shape outputs[4];
  WXNN_CHECK(count >= 0 && count <= 4, "a face detector has 2 or 4 outputs, not ", count);
  for (int i = 0; i < count; ++i) {
    const int32_t rank = *shapes++;
    WXNN_CHECK(rank >= 0 && rank <= Shape::kMaxRank, "output ", i, " has the rank ", rank);
    outputs[i] = Shape(std::span(shapes, static_cast<size_t>(rank)));
    shapes += rank;
  }
  std::unique_ptr<FaceDetector> detector;
  WXNN_TRY(
      FaceDetector::create(input_size, std::span(outputs, static_cast<size_t>(count)), &detector));
  *faces = new Faces{.detector = std::move(detector)};
  return {};
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
  const float* p = params;
  const int degrees =
      p[kRotation] >= 0 && p[kRotation] <= 270 ? static_cast<int>(p[kRotation]) : -1;
  ImageTransform t{.roi = {p[kX], p[kY], p[kWidth], p[kHeight], p[kAngle]},
                   .width = out_width,
                   .height = out_height,
                   .rotation = static_cast<float>(degrees) == p[kRotation] ? degrees : -1,
                   .mirror = p[kMirror] != 0,
                   .letterbox = p[kLetterbox] != 0,
                   .extend = p[kExtend] != 0};
  for (int c = 0; c < 3; ++c) {
    t.mean[c] = p[kMean + c];
    t.scale[c] = p[kScale + c];
  }
  return done(sampler.to_tensor(image_of(rgba, bytes, width, height), t, out));
}

// A face detector for a model with a square input of input_size and `output_count` outputs;
// `shapes`: int32, for each output its rank and then its dimensions. Returns a handle or 0.
WXNN_EXPORT(wxnn_faces_create)
Faces* wxnn_faces_create(int input_size, int output_count, const int32_t* shapes) {
  Faces* faces = nullptr;
  const Status status = create_faces(input_size, output_count, shapes, &faces);
  if (!status.ok()) failed(status);
  return faces;
}

WXNN_EXPORT(wxnn_faces_free)
void wxnn_faces_free(Faces* faces) { delete faces; }

// Writes the model's input [1, input_size, input_size, 3] to `out`. rotation: 0, 90, 180, 270;
// mirror: 0 or 1.
WXNN_EXPORT(wxnn_faces_prepare)
int wxnn_faces_prepare(Faces* faces, const uint8_t* rgba, size_t bytes, int width, int height,
                       int rotation, int mirror, float* out) {
  return done(
      faces->detector->prepare(image_of(rgba, bytes, width, height), rotation, mirror != 0, out));
}

// `outputs`: one pointer to float32 for each output, in create's order. threshold: 0..1;
// max_faces: 0 for 256. Returns the number of faces, or -1.
WXNN_EXPORT(wxnn_faces_decode)
int wxnn_faces_decode(Faces* faces, const float* const* outputs, float threshold, int max_faces) {
  FaceDetector& detector = *faces->detector;
  const Status status =
      detector.decode(std::span(outputs, detector.output_count()), threshold, max_faces);
  if (!status.ok()) return failed(status) - 1;
  return static_cast<int>(detector.faces().size());
}

// The faces of the last decode, 18 float32 each, best first: score, box x0 y0 x1 y1, 6 keypoints
// x y, angle (vision/faces.h). Valid until the next decode.
WXNN_EXPORT(wxnn_faces_result)
const float* wxnn_faces_result(const Faces* faces) {
  return reinterpret_cast<const float*>(faces->detector->faces().data());
}

// Cuts face number `face` of the last decode out of the same picture: the mesh model's input
// [1, size, size, 3] to `out`.
WXNN_EXPORT(wxnn_mesh_prepare)
int wxnn_mesh_prepare(Faces* faces, int face, const uint8_t* rgba, size_t bytes, int width,
                      int height, float* out, int size) {
  return done(prepare_mesh(*faces, face, image_of(rgba, bytes, width, height), size, out));
}

// `landmarks`: the mesh model's 1404 float32; `score`: its face flag, 1 float32, a logit where
// score_is_logit is 1 (the .tflite model), else a probability (tfjs's). Writes 1404 float32 to
// `out` (may be `landmarks`): x, y in picture pixels, z in the same unit.
WXNN_EXPORT(wxnn_mesh_finish)
int wxnn_mesh_finish(Faces* faces, int face, const float* landmarks, const float* score,
                     int score_is_logit, float* out) {
  const float presence = score_is_logit ? sigmoid_f32(*score) : *score;
  return done(finish_mesh(*faces, face, landmarks, presence, out));
}

// That the last mesh is a face's, 0..1; 0 where its landmarks or flag were not finite, and after a
// wxnn_mesh_finish that failed.
WXNN_EXPORT(wxnn_mesh_score)
float wxnn_mesh_score(const Faces* faces) { return faces->mesh_score; }

}  // namespace wxnn
