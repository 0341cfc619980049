// wxnn_tflite_cases FOLDER: small .tflite files, most of one operator, and what the engine gives
// for them.
//
// For each case NAME.tflite and NAME.json: {"inputs": [{"dtype", "shape", "data"}], "outputs":
// likewise}, or
// {"error": sentence}. tests/reference/tflite_ops.test.js runs the same files on LiteRT. Its
// JavaScript form loads no variables and gives back no tensor of a shape that depends on data:
// recurrent operators, Unique and Where are not here.
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "core/json.h"
#include "core/model.h"
#include "flatbuffers/flexbuffers.h"
#include "formats/read_model.h"
#include "native/op_test.h"
#include "native/tflite_file.h"

namespace wxnn {
namespace {

using Act = tflite::ActivationFunctionType;
using Opt = tflite::BuiltinOptions;

void write_file(const std::string& path, const void* data, size_t size) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(data, 1, size, file);
  std::fclose(file);
}

void json_tensor(String& to, const Tensor& t) {
  to += "{\"dtype\":";
  json_text(to, name_of(t.dtype));
  to += ",\"shape\":";
  json_shape(to, t.shape);
  to += ",\"data\":[";
  for (int32_t i = 0; i < t.shape.elements(); ++i) {
    char text[40];
    const double v = t.dtype == DType::kFloat32 ? static_cast<double>(t.f32()[i])
                     : t.dtype == DType::kInt32 ? t.i32()[i]
                                                : t.u8()[i];
    std::snprintf(text, sizeof text, std::isfinite(v) ? "%s%.9g" : "%s\"%g\"", i > 0 ? "," : "", v);
    to += text;
  }
  to += "]}";
}

// One file under construction.
class Case {
 public:
  Case(std::string name) : random(7), name(std::move(name)) {}

  int input(std::vector<int32_t> shape, Type type = Type::FLOAT32) {
    const std::string unique = sentence<"x{}">(inputs.size());
    inputs.push_back(f.tensor(unique.c_str(), std::move(shape), type));
    return inputs.back();
  }
  int floats(std::vector<int32_t> shape, std::vector<float> values = {}, float low = -1) {
    size_t n = 1;
    for (int32_t d : shape) n *= static_cast<size_t>(d);
    while (values.size() < n) values.push_back(random.uniform(low, 1));
    return f.constant("w", std::move(shape), Type::FLOAT32, bytes_of(values));
  }
  int ints(std::vector<int32_t> values) {
    const int32_t n = static_cast<int32_t>(values.size());
    return f.constant("i", {n}, Type::INT32, bytes_of(values));
  }
  int table(std::vector<int32_t> shape, std::vector<int32_t> values) {
    return f.constant("i", std::move(shape), Type::INT32, bytes_of(values));
  }
  int number(int32_t value) { return f.constant("n", {}, Type::INT32, bytes_of<int32_t>({value})); }
  int output(std::vector<int32_t> shape, Type type = Type::FLOAT32) {
    const std::string unique = sentence<"y{}">(outputs.size());
    outputs.push_back(f.tensor(unique.c_str(), std::move(shape), type));
    return outputs.back();
  }
  // One operator with one output.
  void op(Code code, std::vector<int32_t> in, std::vector<int32_t> shape, Type type = Type::FLOAT32,
          Opt options_type = Opt::NONE, flatbuffers::Offset<void> options = 0) {
    f.node(code, std::move(in), {output(std::move(shape), type)}, options_type, options);
  }
  void write(const std::string& folder);

  Random random;
  std::string name;
  TfliteFile f;
  std::vector<int32_t> inputs, outputs;
  int32_t low = -9, high = 9;  // of int32 inputs

 private:
  Status run(Buffer file, String* json);
};

Status Case::run(Buffer file, String* json) {
  Graph graph;
  WXNN_TRY(read_model(std::move(file), &graph));
  std::unique_ptr<Model> model;
  WXNN_TRY(Model::load(std::move(graph), &model));
  *json = "{\"inputs\":[";
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = model->input(i);
    for (int32_t k = 0; k < x.shape.elements(); ++k) {
      if (x.dtype == DType::kFloat32) x.f32()[k] = random.uniform(-1, 1);
      if (x.dtype == DType::kInt32) x.i32()[k] = random.between(low, high);
      if (x.dtype == DType::kBool) x.u8()[k] = random.bits() >> 31;
    }
    if (i > 0) *json += ',';
    json_tensor(*json, x);
  }
  WXNN_TRY(model->run());
  *json += "],\"outputs\":[";
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i > 0) *json += ',';
    json_tensor(*json, model->output(i));
  }
  *json += "]}";
  return {};
}

void Case::write(const std::string& folder) {
  const Buffer file = f.finish(inputs, outputs);
  write_file(folder + "/" + name + ".tflite", file.data(), file.size());
  String json;
  const Status status = run(to_buffer(file.data<uint8_t>(), file.size()), &json);
  if (!status.ok()) {
    json = "{\"error\":";
    json_text(json, status.message());
    json += '}';
  }
  write_file(folder + "/" + name + ".json", json.data(), json.size());
}

void indices(const std::string& folder) {
  const auto one = [&](const char* name, const std::function<void(Case&)>& build) {
    Case c(name);
    build(c);
    c.write(folder);
  };
  one("embedding_lookup", [](Case& c) {
    c.low = 0;
    c.high = 4;
    const int ids = c.input({3}, Type::INT32);
    c.op(Code::EMBEDDING_LOOKUP, {ids, c.floats({5, 4})}, {3, 4});
  });
  for (const char* combiner : {"sum", "mean", "sqrtn"}) {
    one(sentence<"embedding_lookup_sparse_{}">(combiner).c_str(), [&](Case& c) {
      const int ids = c.table({4}, {1, 3, 0, 4}), weights = c.input({4});
      const int places = c.table({4, 2}, {0, 0, 2, 0, 2, 1, 1, 0});
      const auto number = static_cast<int8_t>(combiner[0] == 'm' ? 1 : combiner[1] == 'q' ? 2 : 0);
      c.op(Code::EMBEDDING_LOOKUP_SPARSE,
           {ids, places, c.table({2}, {3, 2}), weights, c.floats({5, 4})}, {3, 4}, Type::FLOAT32,
           Opt::EmbeddingLookupSparseOptions,
           tflite::CreateEmbeddingLookupSparseOptions(c.f.fbb, number).Union());
    });
  }
  one("gather_batch_dims", [](Case& c) {
    c.low = 0;
    c.high = 4;
    const int x = c.input({2, 5, 3}), i = c.input({2, 4}, Type::INT32);
    c.op(Code::GATHER, {x, i}, {2, 4, 3}, Type::FLOAT32, Opt::GatherOptions,
         tflite::CreateGatherOptions(c.f.fbb, 1, 1).Union());
  });
  one("gather_nd", [](Case& c) {
    const int x = c.input({3, 4, 2});
    c.op(Code::GATHER_ND, {x, c.table({3, 2}, {0, 3, 2, 1, 1, 0})}, {3, 2});
  });
  one("scatter_nd", [](Case& c) {
    const int x = c.input({3, 2});
    c.op(Code::SCATTER_ND, {c.table({3, 1}, {1, 3, 1}), x, c.ints({5, 2})}, {5, 2});
  });
  one("sparse_to_dense", [](Case& c) {
    const int x = c.input({2});
    c.op(Code::SPARSE_TO_DENSE,
         {c.table({2, 2}, {0, 1, 2, 0}), c.ints({3, 2}), x, c.floats({}, {2})}, {3, 2});
  });
  one("reverse_sequence", [](Case& c) {
    const int x = c.input({3, 4, 2});
    c.op(Code::REVERSE_SEQUENCE, {x, c.ints({1, 4, 2})}, {3, 4, 2}, Type::FLOAT32,
         Opt::ReverseSequenceOptions, tflite::CreateReverseSequenceOptions(c.f.fbb, 1, 0).Union());
  });
  struct Unsorted {
    const char* name;
    Code code;
  };
  for (const Unsorted& u : {Unsorted{"unsorted_sum", Code::UNSORTED_SEGMENT_SUM},
                            Unsorted{"unsorted_prod", Code::UNSORTED_SEGMENT_PROD},
                            Unsorted{"unsorted_max", Code::UNSORTED_SEGMENT_MAX},
                            Unsorted{"unsorted_min", Code::UNSORTED_SEGMENT_MIN}}) {
    one(u.name, [&](Case& c) {
      const int x = c.input({5, 2});
      c.op(u.code, {x, c.ints({3, 0, 3, 1, 0}), c.ints({5})}, {5, 2});
    });
  }
  one("broadcast_args", [](Case& c) {
    c.low = c.high = 1;
    const int x = c.input({2}, Type::INT32);
    c.op(Code::BROADCAST_ARGS, {x, c.ints({4, 2, 3})}, {3}, Type::INT32);
  });
  one("bucketize", [](Case& c) {
    const int x = c.input({3, 4});
    const std::vector<float> bounds = {-0.5f, 0, 0.5f};
    c.op(Code::BUCKETIZE, {x}, {3, 4}, Type::INT32, Opt::BucketizeOptions,
         tflite::CreateBucketizeOptionsDirect(c.f.fbb, &bounds).Union());
  });
  one("dynamic_update_slice", [](Case& c) {
    const int x = c.input({4, 5}), u = c.input({2, 3});
    c.op(Code::DYNAMIC_UPDATE_SLICE, {x, u, c.ints({3, -1})}, {4, 5});
  });
  one("dilate", [](Case& c) {
    const int x = c.input({2, 3});
    c.op(Code::DILATE, {x, c.ints({3, 2}), c.floats({}, {-1})}, {4, 5});
  });
  one("right_shift", [](Case& c) {
    const int x = c.input({3, 4}, Type::INT32);
    c.op(Code::RIGHT_SHIFT, {x, c.table({3, 4}, {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3})}, {3, 4},
         Type::INT32);
  });
  one("bitwise_xor", [](Case& c) {
    const int x = c.input({3, 4}, Type::INT32), y = c.input({3, 4}, Type::INT32);
    c.op(Code::BITWISE_XOR, {x, y}, {3, 4}, Type::INT32);
  });
  one("one_hot", [](Case& c) {
    c.low = -1;
    c.high = 4;
    const int x = c.input({2, 3}, Type::INT32);
    c.op(Code::ONE_HOT, {x, c.number(4), c.floats({}, {2}), c.floats({}, {-3})}, {2, 4, 3},
         Type::FLOAT32, Opt::OneHotOptions, tflite::CreateOneHotOptions(c.f.fbb, 1).Union());
  });
  one("strided_slice", [](Case& c) {
    const int x = c.input({4, 5, 6});
    c.op(Code::STRIDED_SLICE, {x, c.ints({-1, 1, 2}), c.ints({0, 0, 6}), c.ints({-2, 1, 3})},
         {2, 2}, Type::FLOAT32, Opt::StridedSliceOptions,
         tflite::CreateStridedSliceOptions(c.f.fbb, 0, 1, 0, 0, 2).Union());
  });
  one("cast_uint8", [](Case& c) {
    c.low = -600;
    c.high = 600;
    const int x = c.input({3, 4}, Type::INT32);
    const int small = c.f.tensor("small", {3, 4}, Type::UINT8);
    c.f.node(Code::CAST, {x}, {small});
    c.op(Code::CAST, {small}, {3, 4});
  });
  one("top_k", [](Case& c) {
    const int x = c.input({3, 8});
    const int values = c.output({3, 4}), at = c.output({3, 4}, Type::INT32);
    c.f.node(Code::TOPK_V2, {x, c.number(4)}, {values, at});
  });
  one("fake_quant", [](Case& c) {
    const int x = c.input({30});
    c.op(Code::FAKE_QUANT, {x}, {30}, Type::FLOAT32, Opt::FakeQuantOptions,
         tflite::CreateFakeQuantOptions(c.f.fbb, -0.6f, 0.8f, 8, false).Union());
  });
  one("pad_v2", [](Case& c) {
    const int x = c.input({2, 3});
    c.op(Code::PADV2, {x, c.table({2, 2}, {1, 0, 0, 2}), c.floats({}, {7})}, {3, 5});
  });
  one("select_v2", [](Case& c) {
    const int z = c.input({3, 1}), x = c.input({1, 4}), y = c.input({3, 4});
    const int b = c.f.tensor("b", {3, 1}, Type::BOOL);
    c.f.node(Code::LESS, {z, c.floats({}, {0})}, {b});
    c.op(Code::SELECT_V2, {b, x, y}, {3, 4});
  });
}

using Opt2 = tflite::BuiltinOptions2;
using F = TfliteFile;

// StableHLO's operators that LiteRT runs. Those with a computation have it as a subgraph, which the
// file holds before the graph itself.
void stablehlo(const std::string& folder) {
  const auto one = [&](const std::string& name, const std::function<void(Case&)>& build) {
    Case c(name);
    build(c);
    c.write(folder);
  };
  const auto computation = [](Case& c, Code code, Type type = Type::FLOAT32) {
    const int a = c.f.tensor("a", {}, type), b = c.f.tensor("b", {}, type);
    if (code == Code::CUSTOM) return c.f.body({a, b}, {b});
    const int y = c.f.tensor("ab", {}, type);
    c.f.node(code, {a, b}, {y});
    return c.f.body({a, b}, {y});
  };
  one("stablehlo_gather", [](Case& c) {
    c.low = -2;
    c.high = 4;
    const int x = c.input({3, 4, 2}), i = c.input({2, 3, 2}, Type::INT32);
    const int y = c.output({2, 3, 2, 2});
    c.f.node_2(Code::STABLEHLO_GATHER, {x, i}, {y}, Opt2::Gather,
               c.f.options({F::longs(0, {2, 3}), F::longs(1, {0}), F::longs(2, {1, 0}),
                            F::one_long(3, 2), F::longs(4, {1, 2, 2})}));
  });
  one("stablehlo_gather_rows", [](Case& c) {
    c.low = 0;
    c.high = 5;
    const int x = c.input({6, 3}, Type::INT32), i = c.input({4, 1}, Type::INT32);
    const int y = c.output({3, 4}, Type::INT32);
    c.f.node_2(Code::STABLEHLO_GATHER, {x, i}, {y}, Opt2::Gather,
               c.f.options({F::longs(0, {0}), F::longs(1, {0}), F::longs(2, {0}), F::one_long(3, 1),
                            F::longs(4, {1, 3})}));
  });
  struct Named {
    const char* name;
    Code code;
  };
  for (const Named& n :
       {Named{"update", Code::CUSTOM}, Named{"add", Code::STABLEHLO_ADD},
        Named{"multiply", Code::STABLEHLO_MULTIPLY}, Named{"maximum", Code::STABLEHLO_MAXIMUM},
        Named{"minimum", Code::STABLEHLO_MINIMUM}}) {
    one(sentence<"stablehlo_scatter_{}">(n.name), [&](Case& c) {
      const int body = computation(c, n.code);
      c.low = -1;
      c.high = 4;
      const int x = c.input({4, 3, 3}), i = c.input({2, 5}, Type::INT32), u = c.input({5, 2, 3});
      const int y = c.output({4, 3, 3});
      c.f.node_2(Code::STABLEHLO_SCATTER, {x, i, u}, {y}, Opt2::Scatter,
                 c.f.options({F::longs(1, {1, 2}), F::longs(2, {0}), F::longs(3, {0, 1}),
                              F::one_long(4, 0), F::one_int(6, body)}));
    });
  }
  one("stablehlo_pad", [](Case& c) {
    const int x = c.input({3, 4, 2}), y = c.output({6, 5, 3});
    c.f.node_2(
        Code::STABLEHLO_PAD, {x, c.floats({}, {7})}, {y}, Opt2::Pad,
        c.f.options({F::longs(0, {-1, 2, 0}), F::longs(1, {2, -1, 0}), F::longs(2, {1, 0, 1})}));
  });
  one("stablehlo_pad_cuts_off", [](Case& c) {
    const int x = c.input({5, 6}, Type::INT32), y = c.output({3, 6}, Type::INT32);
    c.f.node_2(Code::STABLEHLO_PAD, {x, c.number(-3)}, {y}, Opt2::Pad,
               c.f.options({F::longs(0, {-4, -7}), F::longs(1, {-2, -3}), F::longs(2, {1, 2})}));
  });
  for (const Named& n :
       {Named{"add", Code::STABLEHLO_ADD}, Named{"mul", Code::MUL},
        Named{"maximum", Code::STABLEHLO_MAXIMUM}, Named{"minimum", Code::MINIMUM}}) {
    one(sentence<"stablehlo_reduce_window_{}">(n.name), [&](Case& c) {
      const int body = computation(c, n.code);
      const int x = c.input({5, 6, 2}), y = c.output({5, 2, 2});
      c.f.node_2(Code::STABLEHLO_REDUCE_WINDOW, {x, c.floats({}, {0.5f})}, {y}, Opt2::ReduceWindow,
                 c.f.options({F::longs(0, {3, 2, 1}), F::longs(1, {2, 3, 1}),
                              F::longs(2, {2, 1, 1}), F::longs(3, {1, 2, 1}),
                              F::longs(4, {1, 2, 1, -1, 0, 0}), F::one_int(5, body)}));
    });
  }
  int function = 0;
  for (const char* name : {"add", "mul", "minimum", "maximum"}) {
    ++function;
    one(sentence<"reduce_window_{}">(name), [&](Case& c) {
      const auto longs = [&c](std::vector<int64_t> values) {
        return c.f.constant("l", {static_cast<int32_t>(values.size())}, Type::INT64,
                            bytes_of(values));
      };
      const int x = c.input({7, 6}), y = c.output({3, 2});
      c.f.node_2(Code::REDUCE_WINDOW,
                 {x, c.floats({}, {1}), longs({2, 3}), longs({2, 2}), longs({2, 1})}, {y},
                 Opt2::ReduceWindowOfTflite, c.f.options({F::one_int(0, function)}));
    });
  }
  one("stablehlo_elementwise", [](Case& c) {
    const int x = c.input({2, 3}), y = c.input({2, 3});
    c.op(Code::STABLEHLO_ADD, {x, y}, {2, 3});
    c.op(Code::STABLEHLO_MULTIPLY, {x, y}, {2, 3});
    c.op(Code::STABLEHLO_MAXIMUM, {x, y}, {2, 3});
    c.op(Code::STABLEHLO_MINIMUM, {x, y}, {2, 3});
  });
  one("stablehlo_shift_left", [](Case& c) {
    c.low = 0;
    c.high = 9;
    const int x = c.input({2, 3}, Type::INT32), y = c.input({2, 3}, Type::INT32);
    c.op(Code::STABLEHLO_SHIFT_LEFT, {x, y}, {2, 3}, Type::INT32);
  });
  for (const int32_t index : {0, 1, 2, -1, 9}) {
    one(sentence<"stablehlo_case_{}">(index), [&](Case& c) {
      for (const Code code : {Code::ABS, Code::NEG, Code::COS}) {
        const int x = c.f.tensor("x", {2, 3}), y = c.f.tensor("y", {2, 3});
        c.f.node(code, {x}, {y});
        c.f.body({x}, {y});
      }
      c.low = c.high = index;
      const int i = c.input({}, Type::INT32), x = c.input({2, 3}), y = c.output({2, 3});
      std::vector<int32_t> branches = {1, 2, 3};
      const auto list = c.f.fbb.CreateVector(branches);
      const auto start = c.f.fbb.StartTable();
      c.f.fbb.AddOffset(4, list);
      c.f.node_2(Code::STABLEHLO_CASE, {i, x}, {y}, Opt2::Case, {c.f.fbb.EndTable(start)});
    });
  }
  one("bitcast", [](Case& c) {
    const int x = c.input({2, 3});
    const int bits = c.f.tensor("bits", {2, 3}, Type::INT32);
    const int next = c.f.tensor("next", {2, 3}, Type::INT32);
    c.f.node(Code::BITCAST, {x}, {bits});
    c.f.node(Code::ADD, {bits, c.number(4321)}, {next}, Opt::AddOptions,
             add_options(c.f, Act::NONE));
    c.op(Code::BITCAST, {next}, {2, 3});
  });
}

// Convolutions, norms, spectra, boxes.
void numeric(const std::string& folder) {
  const auto one = [&](const char* name, const std::function<void(Case&)>& build) {
    Case c(name);
    build(c);
    c.write(folder);
  };
  one("l2_normalization", [](Case& c) {
    const int x = c.input({2, 3, 5});
    c.op(Code::L2_NORMALIZATION, {x}, {2, 3, 5}, Type::FLOAT32, Opt::L2NormOptions,
         tflite::CreateL2NormOptions(c.f.fbb, Act::NONE).Union());
  });
  one("l2_pool_2d", [](Case& c) {
    const int x = c.input({1, 6, 7, 3});
    c.op(Code::L2_POOL_2D, {x}, {1, 6, 4, 3}, Type::FLOAT32, Opt::Pool2DOptions,
         tflite::CreatePool2DOptions(c.f.fbb, tflite::Padding::SAME, 2, 1, 3, 2).Union());
  });
  one("local_response_normalization", [](Case& c) {
    const int x = c.input({1, 3, 4, 9});
    c.op(Code::LOCAL_RESPONSE_NORMALIZATION, {x}, {1, 3, 4, 9}, Type::FLOAT32,
         Opt::LocalResponseNormalizationOptions,
         tflite::CreateLocalResponseNormalizationOptions(c.f.fbb, 2, 1.5f, 0.7f, 0.75f).Union());
  });
  one("matrix_diag", [](Case& c) { c.op(Code::MATRIX_DIAG, {c.input({2, 3})}, {2, 3, 3}); });
  one("matrix_set_diag", [](Case& c) {
    const int x = c.input({2, 4, 5}), d = c.input({2, 4});
    c.op(Code::MATRIX_SET_DIAG, {x, d}, {2, 4, 5});
  });
  one("conv_3d", [](Case& c) {
    const int x = c.input({1, 4, 5, 6, 2});
    const int w = c.floats({2, 3, 2, 2, 5}), b = c.floats({5});
    c.op(Code::CONV_3D, {x, w, b}, {1, 4, 5, 3, 5}, Type::FLOAT32, Opt::Conv3DOptions,
         tflite::CreateConv3DOptions(c.f.fbb, tflite::Padding::SAME, 1, 2, 1, Act::RELU).Union());
  });
  one("conv_3d_transpose", [](Case& c) {
    const int x = c.input({1, 2, 3, 3, 3});
    c.op(Code::CONV_3D_TRANSPOSE, {c.ints({1, 4, 5, 6, 4}), c.floats({2, 3, 2, 4, 3}), x},
         {1, 4, 5, 6, 4}, Type::FLOAT32, Opt::Conv3DOptions,
         tflite::CreateConv3DOptions(c.f.fbb, tflite::Padding::SAME, 2, 2, 2, Act::NONE).Union());
  });
  one("rfft_2d", [](Case& c) {
    const int x = c.input({2, 4, 8});
    const int z = c.f.tensor("z", {2, 4, 5}, Type::COMPLEX64);
    c.f.node(Code::RFFT2D, {x, c.ints({4, 8})}, {z});
    c.op(Code::REAL, {z}, {2, 4, 5});
    c.op(Code::IMAG, {z}, {2, 4, 5});
    c.op(Code::COMPLEX_ABS, {z}, {2, 4, 5});
  });
  one("add_n", [](Case& c) {
    const int x = c.input({2, 3}), y = c.input({2, 3}), z = c.input({2, 3});
    c.op(Code::ADD_N, {x, y, z}, {2, 3});
  });
  one("div_int32", [](Case& c) {
    const int x = c.input({2, 3}, Type::INT32);
    c.op(Code::DIV, {x, c.ints({2, -2, 4})}, {2, 3}, Type::INT32);
  });
  one("batch_matmul_broadcast", [](Case& c) {
    const int x = c.input({2, 1, 3, 4}), y = c.input({1, 5, 4, 2});
    c.op(Code::BATCH_MATMUL, {x, y}, {2, 5, 3, 2});
  });
  one("non_max_suppression_v4", [](Case& c) {
    const int boxes = c.input({20, 4}), scores = c.input({20});
    const int at = c.output({8}, Type::INT32), n = c.output({}, Type::INT32);
    c.f.node(Code::NON_MAX_SUPPRESSION_V4,
             {boxes, scores, c.number(8), c.floats({}, {0.2f}), c.floats({}, {0.1f})}, {at, n});
  });
  one("non_max_suppression_v5", [](Case& c) {
    const int boxes = c.input({20, 4}), scores = c.input({20});
    const int at = c.output({8}, Type::INT32), s = c.output({8}), n = c.output({}, Type::INT32);
    c.f.node(Code::NON_MAX_SUPPRESSION_V5,
             {boxes, scores, c.number(8), c.floats({}, {0.9f}), c.floats({}, {0.1f}),
              c.floats({}, {0.5f})},
             {at, s, n});
  });
  // TensorFlow's front for sound, in the graph of its speech commands.
  for (const bool squared : {false, true}) {
    one(squared ? "mfcc" : "audio_spectrogram", [&](Case& c) {
      flexbuffers::Builder options, more;
      options.Map([&] {
        options.Int("window_size", 100);
        options.Int("stride", 37);
        options.Bool("magnitude_squared", squared);
      });
      options.Finish();
      more.Map([&] {
        for (const auto& [name, value] : {std::pair("upper_frequency_limit", 3900),
                                          {"lower_frequency_limit", 20},
                                          {"filterbank_channel_count", 20},
                                          {"dct_coefficient_count", 9}}) {
          more.Int(name, value);
        }
      });
      more.Finish();
      const int x = c.input({400, squared ? 1 : 2});
      if (!squared) {
        const int y = c.output({2, 9, 65});
        c.f.node(Code::CUSTOM, {x}, {y}, Opt::NONE, 0, "AudioSpectrogram", options.GetBuffer());
        return;
      }
      const int s = c.f.tensor("s", {1, 9, 65}), y = c.output({1, 9, 9});
      c.f.node(Code::CUSTOM, {x}, {s}, Opt::NONE, 0, "AudioSpectrogram", options.GetBuffer());
      c.f.node(Code::CUSTOM, {s, c.number(8000)}, {y}, Opt::NONE, 0, "Mfcc", more.GetBuffer());
    });
  }
  // Quantised, as the first SSD files are: the operator is given the numbers.
  for (const bool uint8 : {false, true}) {
    one(uint8 ? "uint8_detection_post_process" : "detection_post_process", [&](Case& c) {
      flexbuffers::Builder options;
      options.Map([&] {
        for (const auto& [name, value] : {std::pair("max_detections", 6),
                                          {"max_classes_per_detection", 1},
                                          {"detections_per_class", 4},
                                          {"num_classes", 3}}) {
          options.Int(name, value);
        }
        options.Bool("use_regular_nms", true);
        for (const auto& [name, value] : {std::pair("nms_score_threshold", 0.1f),
                                          {"nms_iou_threshold", 0.4f},
                                          {"y_scale", 10.0f},
                                          {"x_scale", 10.0f},
                                          {"h_scale", 5.0f},
                                          {"w_scale", 5.0f}}) {
          options.Float(name, value);
        }
      });
      options.Finish();
      const int given[] = {c.input({1, 12, 4}), c.input({1, 12, 4})};
      int in[] = {given[0], given[1], c.floats({12, 4}, {}, 0.1f)};
      for (int i = 0; i < 2 && uint8; ++i) {
        in[i] = c.f.quantized_as(Type::UINT8, "q", {1, 12, 4}, {1.0f / 128}, {127});
        c.f.node(Code::QUANTIZE, {given[i]}, {in[i]});
      }
      if (uint8) {
        std::vector<uint8_t> anchors(48);
        for (uint8_t& v : anchors) v = static_cast<uint8_t>(c.random.between(10, 255));
        in[2] = c.f.quantized_as(Type::UINT8, "anchors", {12, 4}, {1.0f / 255}, {0}, anchors);
      }
      const int y[] = {c.output({1, 6, 4}), c.output({1, 6}), c.output({1, 6}), c.output({1})};
      c.f.node(Code::CUSTOM, {in[0], in[1], in[2]}, {y[0], y[1], y[2], y[3]}, Opt::NONE, 0,
               "TFLite_Detection_PostProcess", options.GetBuffer());
    });
  }
}

// x -> QUANTIZE -> the operator in int8 -> DEQUANTIZE.
void quantized(const std::string& folder) {
  const auto int8 = [](Case& c, const char* name, std::vector<int32_t> shape, float scale,
                       int64_t zero) {
    return c.f.quantized_as(Type::INT8, name, std::move(shape), {scale}, {zero});
  };
  const auto weights = [](Case& c, std::vector<int32_t> shape, std::vector<float> scale, int axis) {
    size_t n = 1;
    for (int32_t d : shape) n *= static_cast<size_t>(d);
    std::vector<int8_t> q(n);
    for (int8_t& v : q) v = static_cast<int8_t>(c.random.between(-127, 127));
    const std::vector<int64_t> zero(scale.size(), 0);
    return c.f.quantized("w", std::move(shape), q, std::move(scale), zero, axis);
  };
  {
    Case c("int8_conv");
    const int x = c.input({1, 6, 5, 3});
    const int q = int8(c, "q", {1, 6, 5, 3}, 1.0f / 128, 0);
    const std::vector<float> scale = {0.004f, 0.002f, 0.003f, 0.001f};
    std::vector<float> bias_scale;
    for (float s : scale) bias_scale.push_back(s / 128);
    const int w = weights(c, {4, 3, 3, 3}, scale, 0);
    const int b = c.f.quantized_as(Type::INT32, "b", {4}, bias_scale, {0, 0, 0, 0},
                                   bytes_of<int32_t>({900, -2000, 300, 0}));
    const int y = int8(c, "z", {1, 6, 5, 4}, 0.02f, -20);
    c.f.node(Code::QUANTIZE, {x}, {q});
    c.f.node(Code::CONV_2D, {q, w, b}, {y}, Opt::Conv2DOptions,
             tflite::CreateConv2DOptions(c.f.fbb, tflite::Padding::SAME, 1, 1, Act::RELU6).Union());
    c.op(Code::DEQUANTIZE, {y}, {1, 6, 5, 4});
    c.write(folder);
  }
  {
    Case c("int8_fully_connected");
    const int x = c.input({2, 8});
    const int q = int8(c, "q", {2, 8}, 1.0f / 100, 10);
    const int w = weights(c, {3, 8}, {0.01f}, 0);
    const int b = c.f.quantized_as(Type::INT32, "b", {3}, {0.0001f}, {0},
                                   bytes_of<int32_t>({900, -2000, 300}));
    const int y = int8(c, "z", {2, 3}, 0.04f, 3);
    c.f.node(Code::QUANTIZE, {x}, {q});
    c.f.node(Code::FULLY_CONNECTED, {q, w, b}, {y}, Opt::FullyConnectedOptions,
             tflite::CreateFullyConnectedOptions(c.f.fbb, Act::NONE).Union());
    c.op(Code::DEQUANTIZE, {y}, {2, 3});
    c.write(folder);
  }
  {
    Case c("int8_softmax_of_add");
    const int x = c.input({2, 8});
    const int q = int8(c, "q", {2, 8}, 1.0f / 100, 10);
    const int s = int8(c, "s", {2, 8}, 1.0f / 60, 0);
    const int p = int8(c, "p", {2, 8}, 1.0f / 256, -128);
    c.f.node(Code::QUANTIZE, {x}, {q});
    c.f.node(Code::ADD, {q, q}, {s}, Opt::AddOptions, add_options(c.f, Act::NONE));
    c.f.node(Code::SOFTMAX, {s}, {p}, Opt::SoftmaxOptions,
             tflite::CreateSoftmaxOptions(c.f.fbb, 1).Union());
    c.op(Code::DEQUANTIZE, {p}, {2, 8});
    c.write(folder);
  }
}

}  // namespace
}  // namespace wxnn

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  wxnn::indices(argv[1]);
  wxnn::stablehlo(argv[1]);
  wxnn::numeric(argv[1]);
  wxnn::quantized(argv[1]);
  return 0;
}
