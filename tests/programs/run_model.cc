// wxnn_run: one run of a model on this machine, for tools that compare builds.
//
//   wxnn_run MODEL OUT IN...      MODEL: a .tflite file or a node list
//                                 IN: i32 rank, i32 per dimension, then the data of one input, in
//                                 the model's order OUT: for each output u32 bytes, then the data
//
// Exit status 1 and the engine's sentence on stderr where it fails.
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/model.h"
#include "formats/read_model.h"

namespace {

using wxnn::Buffer;
using wxnn::Model;
using wxnn::Shape;
using wxnn::Status;

Status read_file(const char* path, Buffer* bytes) {
  std::FILE* file = std::fopen(path, "rb");
  WXNN_CHECK(file != nullptr, "could not open {}", path);
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::rewind(file);
  Status status = size < 0 ? wxnn::fail<"could not measure {}">(path)
                           : bytes->allocate(static_cast<size_t>(size));
  if (status.ok() && std::fread(bytes->data(), 1, bytes->size(), file) != bytes->size()) {
    status = wxnn::fail<"could not read {}">(path);
  }
  std::fclose(file);
  return status;
}

// The shape that stands at the start of an input file.
Status read_shape(const Buffer& file, const char* path, Shape* shape) {
  const size_t words = file.size() / sizeof(int32_t);
  const int32_t* at = file.data<int32_t>();
  WXNN_CHECK(words > 0 && at[0] >= 0 && at[0] <= Shape::kMaxRank && words > static_cast<size_t>(at[0]), "{} does not begin with a shape", path);
  for (int32_t i = 0; i < at[0]; ++i) shape->push_back(at[1 + i]);
  return {};
}

Status write_outputs(const Model& model, const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  WXNN_CHECK(file != nullptr, "could not write {}", path);
  for (size_t i = 0; i < model.graph().outputs.size(); ++i) {
    const uint32_t bytes = static_cast<uint32_t>(model.output(i).bytes());
    std::fwrite(&bytes, sizeof bytes, 1, file);
    if (bytes > 0) std::fwrite(model.output(i).data, 1, bytes, file);
  }
  WXNN_CHECK(std::fclose(file) == 0, "could not write {}", path);
  return {};
}

Status run(int argc, char** argv) {
  WXNN_CHECK(argc >= 3, "wxnn_run MODEL OUT IN...");
  Buffer file;
  WXNN_TRY(read_file(argv[1], &file));
  wxnn::Graph graph;
  WXNN_TRY(wxnn::read_model(std::move(file), &graph));
  std::unique_ptr<Model> model;
  WXNN_TRY(Model::load(std::move(graph), &model));
  const size_t inputs = model->graph().inputs.size();
  WXNN_CHECK(static_cast<size_t>(argc - 3) == inputs, "the model has {} inputs, {} were given", inputs, argc - 3);
  std::vector<Buffer> given(inputs);
  std::vector<Shape> shapes(inputs);
  for (size_t i = 0; i < inputs; ++i) {
    WXNN_TRY(read_file(argv[3 + i], &given[i]));
    WXNN_TRY(read_shape(given[i], argv[3 + i], &shapes[i]));
  }
  WXNN_TRY(model->resize(shapes));
  WXNN_TRY(model->reserve());
  for (size_t i = 0; i < inputs; ++i) {
    const wxnn::Tensor& to = model->input(i);
    const size_t header = (1 + static_cast<size_t>(to.shape.rank())) * sizeof(int32_t);
    WXNN_CHECK(given[i].size() == header + to.bytes(), "{} does not hold {} bytes", argv[3 + i], to.bytes());
    if (to.bytes() > 0) std::memcpy(to.data, given[i].data() + header, to.bytes());
  }
  WXNN_TRY(model->run());
  return write_outputs(*model, argv[2]);
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (!status.ok())
    std::fprintf(stderr, "%.*s\n", static_cast<int>(status.message().size()),
                 status.message().data());
  return status.ok() ? 0 : 1;
}
