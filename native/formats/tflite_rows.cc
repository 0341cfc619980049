#include "formats/tflite_rows.h"

#include <algorithm>
#include <cstring>

#include "core/build_parts.h"
#include "formats/flex_map.h"
#include "formats/rows_of_build.h"
#include "formats/tflite_operator.h"
#include "formats/tflite_recurrent.h"
#include "formats/tflite_stablehlo.h"

namespace wxnn {

namespace {

using Code = tflite::BuiltinOperator;
using Options = tflite::BuiltinOptions;

AttrValue numbers_of(const Shape& shape) {
  AttrValue value;
  for (int32_t d : shape.dims()) value.numbers.push_back(d);
  return value;
}

Status reshape_before(SourceNode& node, std::string_view suffix, AttrValue shape, int* value) {
  Cooked reshape;
  WXNN_TRY(make("Reshape", {*value}, &reshape));
  WXNN_TRY(reshape.attrs.set("shape", std::move(shape)));
  return emit_before(node, suffix, std::move(reshape), value);
}

// TFLite's x has any rank: it is taken as rows as long as the weights' [outputs, inputs].
Status build_fully_connected(SourceNode& node, const Recipe& recipe) {
  Cooked product;
  WXNN_TRY(prepare(node, recipe, &product));
  WXNN_CHECK(product.inputs.size() >= 2 && product.inputs[0] >= 0 && product.inputs[1] >= 0,
             "lacks its weights");
  const auto& values = node.graph.values;
  const Shape weights = values[product.inputs[1]].type.shape;
  WXNN_CHECK(weights.rank() == 2, "has weights {}, should be [outputs,inputs]", weights);
  const Shape x = values[product.inputs[0]].type.shape;
  int y = kAbsent;
  WXNN_TRY(node.output(0, &y));
  const Shape declared = values[y].type.shape;
  if (x.rank() != 2 || x[1] != weights[1]) {
    AttrValue rows;
    rows.numbers = {-1, static_cast<double>(weights[1])};
    WXNN_TRY(reshape_before(node, "/rows", std::move(rows), &product.inputs[0]));
  }
  if (declared.rank() == 2 || !declared.is_known()) return emit(node, std::move(product));
  int rows = kAbsent;
  WXNN_TRY(emit_before(node, "/product", std::move(product), &rows));
  Cooked back;
  WXNN_TRY(make("Reshape", {rows}, &back));
  // The batch may be resized later: the first dimension follows from the others.
  AttrValue shape = numbers_of(declared);
  if (!shape.numbers.empty() && declared.elements() != 0) shape.numbers[0] = -1;
  WXNN_TRY(back.attrs.set("shape", std::move(shape)));
  return emit(node, std::move(back));
}

Status build_softmax(SourceNode& node, const Recipe& recipe) {
  AttrValue beta;
  WXNN_TRY(node.read("f0", &beta));
  Cooked softmax;
  WXNN_TRY(prepare(node, recipe, &softmax));
  WXNN_CHECK(!softmax.inputs.empty(), "lacks its input");
  const float factor = static_cast<float>(beta.numbers[0]);
  if (factor != 1 && factor != 0) {
    Cooked scaled;
    int constant = kAbsent;
    WXNN_TRY(node.graph.add_constant(sentence<"{}/beta">(node.name), {DType::kFloat32, {}}, &factor,
                                     &constant));
    WXNN_TRY(make("Multiply", {softmax.inputs[0], constant}, &scaled));
    WXNN_TRY(emit_before(node, "/scaled", std::move(scaled), &softmax.inputs[0]));
  }
  return emit(node, std::move(softmax));
}

// The options of CAST may leave the type out, those of others have none; the output says it.
Status build_typed(SourceNode& node, const Recipe& recipe) {
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  int y = kAbsent;
  WXNN_TRY(node.output(0, &y));
  WXNN_TRY(cooked.attrs.set("dtype", name_of(node.graph.values[y].type.dtype)));
  return emit(node, std::move(cooked));
}

// Small integers are computed as int32: a cast to one keeps the bits that the type has.
Status build_cast(SourceNode& node, const Recipe& recipe) {
  struct SmallInt {
    tflite::TensorType type;
    int32_t shift;  // of a signed one: left and back; else a mask
    int32_t mask;
  };
  constexpr SmallInt kSmallInts[] = {{tflite::TensorType::UINT8, 0, 255},
                                     {tflite::TensorType::INT8, 24, 0},
                                     {tflite::TensorType::INT16, 16, 0}};
  const tflite::TensorType to = static_cast<TfliteOperator&>(node).output_type(0);
  const auto* small = std::ranges::find(kSmallInts, to, &SmallInt::type);
  if (small == std::end(kSmallInts)) return build_typed(node, recipe);
  Cooked cast;
  WXNN_TRY(prepare(node, recipe, &cast));
  WXNN_TRY(cast.attrs.set("dtype", "int32"));
  int value = kAbsent;
  int number = kAbsent;
  WXNN_TRY(emit_before(node, "/int32", std::move(cast), &value));
  const int32_t& operand = small->shift != 0 ? small->shift : small->mask;
  WXNN_TRY(node.graph.add_constant(sentence<"{}/bits">(node.name), {DType::kInt32, {}}, &operand,
                                   &number));
  Cooked bits;
  if (small->shift == 0) {
    WXNN_TRY(make("BitwiseAnd", {value, number}, &bits));
    return emit(node, std::move(bits));
  }
  Cooked up;
  WXNN_TRY(make("LeftShift", {value, number}, &up));
  WXNN_TRY(emit_before(node, "/up", std::move(up), &value));
  WXNN_TRY(make("RightShift", {value, number}, &bits));
  return emit(node, std::move(bits));
}

// MediaPipe's transposed convolution with bias. Inputs (x, filter, bias); options: three int32,
// padding (1 same, 2 valid), stride_width, stride_height.
Status build_mediapipe_transpose_conv(SourceNode& node, const Recipe& recipe) {
  const std::span<const std::byte> options = static_cast<TfliteOperator&>(node).custom_options();
  int32_t params[3];
  WXNN_CHECK(options.size() >= sizeof params, "has options of {} bytes", options.size());
  std::memcpy(params, options.data(), sizeof params);
  WXNN_CHECK(params[0] == 1 || params[0] == 2, "has padding {}, which is not known", params[0]);
  Cooked conv;
  WXNN_TRY(prepare(node, recipe, &conv));
  WXNN_TRY(conv.attrs.set("pad", params[0] == 1 ? "same" : "valid"));
  const double strides[] = {static_cast<double>(params[2]), static_cast<double>(params[1])};
  WXNN_TRY(conv.attrs.set("strides", {strides[0], strides[1]}));
  return emit(node, std::move(conv));
}

// The options of IF and WHILE: two subgraphs.
Status build_flow(SourceNode& node, const Recipe& recipe) {
  Cooked flow;
  AttrValue first, second;
  WXNN_TRY(prepare(node, recipe, &flow));
  WXNN_TRY(node.read("i0", &first));
  WXNN_TRY(node.read("i1", &second));
  for (const double index : {first.numbers[0], second.numbers[0]}) {
    WXNN_CHECK(index >= 0, "refers to subgraph {}", static_cast<int>(index));
    flow.bodies.emplace_back();
    WXNN_TRY(static_cast<TfliteOperator&>(node).subgraph(static_cast<size_t>(index),
                                                         &flow.bodies.back()));
  }
  return emit(node, std::move(flow));
}

Status build_own(SourceNode& node, const Recipe&) {
  const auto& source = static_cast<TfliteOperator&>(node);
  Cooked own;
  WXNN_TRY(need_op(String(source.custom_name.substr(kOwnPrefix.size())).c_str(), &own.op));
  own.attrs = Attrs(own.op->attrs);
  for (const AttrSpec& spec : own.op->attrs) {
    AttrValue value;
    WXNN_TRY(read_flex_option(source.custom_options(), spec.name, &value));
    if (value.numbers.empty() && value.text.empty()) continue;
    WXNN_TRY(own.attrs.set(spec.name, std::move(value)));
  }
  own.inputs = node.inputs;
  return emit(node, std::move(own));
}

// MediaPipe's pooling keeps TFLite's own structure as its options: int32 padding (1 same, 2 valid),
// stride_width, stride_height, filter_width, filter_height, activation, which must be none.
// Unpooling has no padding of ours.
Status build_mediapipe_pool(SourceNode& node, const Recipe& recipe) {
  const std::span<const std::byte> options = static_cast<TfliteOperator&>(node).custom_options();
  int32_t params[6];
  WXNN_CHECK(options.size() >= sizeof params, "has options of {} bytes", options.size());
  std::memcpy(params, options.data(), sizeof params);
  const auto [padding, stride_x, stride_y, width, height, activation] = params;
  WXNN_CHECK(padding == 1 || padding == 2, "has padding {}, which is not known", padding);
  WXNN_CHECK(activation == 0, "has activation {}, which is not supported", activation);
  Cooked pool;
  WXNN_TRY(prepare(node, recipe, &pool));
  if (pool.attrs.knows("pad")) WXNN_TRY(pool.attrs.set("pad", padding == 1 ? "same" : "valid"));
  const double strides[] = {static_cast<double>(stride_y), static_cast<double>(stride_x)};
  const double filter[] = {static_cast<double>(height), static_cast<double>(width)};
  WXNN_TRY(pool.attrs.set("strides", {strides[0], strides[1]}));
  WXNN_TRY(pool.attrs.set("filterSize", {filter[0], filter[1]}));
  return emit(node, std::move(pool));
}

// Reads several options as one list.
Status read_list(SourceNode& node, std::initializer_list<const char*> sources, AttrValue* list) {
  for (const char* source : sources) WXNN_TRY(node.read(source, list));
  return {};
}

// Version 1 names its options otherwise than version 2.
Status build_transform_matrix(SourceNode& node, const Recipe& recipe) {
  Cooked matrix;
  WXNN_TRY(prepare(node, recipe, &matrix));
  AttrValue output, scale, subset;
  WXNN_TRY(read_list(node, {"xoutput_height", "xoutput_width"}, &output));
  WXNN_TRY(read_list(node, {"xscale_x", "xscale_y", "xbbox_size_multiplier"}, &scale));
  WXNN_TRY(read_list(node, {"xsubset_idxs", "xsubset"}, &subset));
  const bool second = !output.numbers.empty();
  if (!second) WXNN_TRY(node.read("xoutput_hw", &output));
  WXNN_TRY(matrix.attrs.set("version", second ? 2 : 1));
  WXNN_TRY(matrix.attrs.set("outputSize", std::move(output)));
  WXNN_TRY(matrix.attrs.set("scale", std::move(scale)));
  WXNN_TRY(matrix.attrs.set("subset", std::move(subset)));
  return emit(node, std::move(matrix));
}

Status build_transform_bilinear(SourceNode& node, const Recipe& recipe) {
  Cooked transform;
  WXNN_TRY(prepare(node, recipe, &transform));
  AttrValue size;
  WXNN_TRY(read_list(node, {"xoutput_height", "xoutput_width"}, &size));
  const bool second = !size.numbers.empty();
  if (!second) WXNN_TRY(node.read("xoutput_size", &size));
  WXNN_TRY(transform.attrs.set("outputSize", std::move(size)));
  WXNN_TRY(transform.attrs.set("centers", second ? 1 : 0));
  return emit(node, std::move(transform));
}

// y = op(inputs) as one of several nodes.
Status step(SourceNode& node, const char* op, Vector<int> inputs, int* value) {
  Cooked cooked;
  WXNN_TRY(make(op, std::move(inputs), &cooked));
  return emit_before(node, sentence<"/{}">(op), std::move(cooked), value);
}

// x over the root of its sum of squares along the last axis, which counts as 1e-6 at least.
Status build_l2_normalization(SourceNode& node, const Recipe& recipe) {
  Cooked quotient, sum;
  WXNN_TRY(prepare(node, recipe, &quotient));
  WXNN_CHECK(quotient.inputs.size() == 1, "should have one input");
  const int x = quotient.inputs[0];
  int norm = kAbsent;
  int least = kAbsent;
  WXNN_TRY(step(node, "Square", {x}, &norm));
  WXNN_TRY(make("Sum", {norm}, &sum));
  WXNN_TRY(sum.attrs.set("axis", {-1.0}));
  WXNN_TRY(sum.attrs.set("keepDims", 1));
  WXNN_TRY(emit_before(node, "/Sum", std::move(sum), &norm));
  WXNN_TRY(step(node, "Sqrt", {norm}, &norm));
  constexpr float kLeast = 1e-6f;
  WXNN_TRY(node.graph.add_constant(sentence<"{}/least">(node.name), {DType::kFloat32, {}}, &kLeast,
                                   &least));
  WXNN_TRY(step(node, "Maximum", {norm, least}, &norm));
  quotient.inputs = {x, norm};
  return emit(node, std::move(quotient));
}

// The root of the average of squares.
Status build_l2_pool(SourceNode& node, const Recipe& recipe) {
  Cooked pool, root;
  WXNN_TRY(prepare(node, recipe, &pool));
  WXNN_CHECK(pool.inputs.size() == 1, "should have one input");
  WXNN_TRY(step(node, "Square", {pool.inputs[0]}, pool.inputs.data()));
  WXNN_TRY(make("Sqrt", {kAbsent}, &root));
  root.activation = std::move(pool.activation);
  WXNN_TRY(emit_before(node, "/AvgPool", std::move(pool), root.inputs.data()));
  return emit(node, std::move(root));
}

// Shared by rows whose options have the same layout.
constexpr const char* kPool = "filterSize=i4,3 strides=i2,1 pad=p0 activation=a5";
constexpr const char* kVolume = "pad=p0 strides=i1,3,2 activation=a4 dilations=d5,7,6";
constexpr const char* kVolumeTranspose =
    "inputShape=<0? pad=p0 strides=i1,3,2 activation=a4 dilations=d5,7,6 ^2130";
constexpr const char* kReduce = "axis=<1? keepDims=b0";

// In the order of the codes.
constexpr TfliteRow kAllRows[] = {
    {Code::ADD, Options::AddOptions, {"Add", "activation=a0"}},
    {Code::AVERAGE_POOL_2D, Options::Pool2DOptions, {"AvgPool", kPool}},
    {Code::CONCATENATION, Options::ConcatenationOptions, {"Concat", "axis=i0 activation=a1"}},
    {Code::CONV_2D,
     Options::Conv2DOptions,
     {"FusedConv2D", "filterFormat='OHWI pad=p0 strides=i2,1 dilations=d5,4 activation=a3"}},
    {Code::DEPTHWISE_CONV_2D,
     Options::DepthwiseConv2DOptions,
     {"FusedDepthwiseConv2D",
      "filterFormat='1HWO pad=p0 strides=i2,1 dilations=d6,5 activation=a4"}},
    {Code::DEPTH_TO_SPACE, Options::DepthToSpaceOptions, {"DepthToSpace", "blockSize=i0"}},
    {Code::EMBEDDING_LOOKUP, Options::NONE, {"GatherV2", "axis=#0 ^10"}},
    {Code::EMBEDDING_LOOKUP_SPARSE,
     Options::EmbeddingLookupSparseOptions,
     {"EmbeddingLookupSparse", "combiner=n0"}},
    {Code::FLOOR, Options::NONE, {"Floor"}},
    {Code::FULLY_CONNECTED,
     Options::FullyConnectedOptions,
     {"_FusedMatMul", "transposeB=#1 activation=a0 !0=n1:weights_format", build_fully_connected}},
    {Code::L2_NORMALIZATION,
     Options::L2NormOptions,
     {"RealDiv", "activation=a0", build_l2_normalization}},
    {Code::L2_POOL_2D, Options::Pool2DOptions, {"AvgPool", kPool, build_l2_pool}},
    {Code::LOCAL_RESPONSE_NORMALIZATION,
     Options::LocalResponseNormalizationOptions,
     {"LRN", "depthRadius=i0 bias=f1 alpha=f2 beta=f3"}},
    {Code::LOGISTIC, Options::NONE, {"Sigmoid"}},
    {Code::LSTM,
     Options::LSTMOptions,
     {"LSTM", "activation=a0 cellClip=f1 projClip=f2", build_lstm_cell}},
    {Code::MAX_POOL_2D, Options::Pool2DOptions, {"MaxPool", kPool}},
    {Code::MUL, Options::MulOptions, {"Multiply", "activation=a0"}},
    {Code::RELU, Options::NONE, {"Relu"}},
    {Code::RELU_N1_TO_1, Options::NONE, {"ClipByValue", "clipValueMin=#-1 clipValueMax=#1"}},
    {Code::RELU6, Options::NONE, {"Relu6"}},
    {Code::RESHAPE, Options::ReshapeOptions, {"Reshape", "shape=<1? shape=v0"}},
    {Code::RESIZE_BILINEAR,
     Options::ResizeBilinearOptions,
     {"ResizeBilinear", "size=<1? alignCorners=b2 halfPixelCenters=b3"}},
    {Code::RNN, Options::RNNOptions, {"RNN", "activation=a0", build_rnn}},
    {Code::SOFTMAX, Options::SoftmaxOptions, {"Softmax", "", build_softmax}},
    {Code::SPACE_TO_DEPTH, Options::SpaceToDepthOptions, {"SpaceToDepth", "blockSize=i0"}},
    {Code::SVDF, Options::SVDFOptions, {"SVDF", "rank=i0 activation=a1 ^0123"}},
    {Code::TANH, Options::NONE, {"Tanh"}},
    {Code::PAD, Options::NONE, {"PadV2", "paddings=<1? constantValue=#0"}},
    {Code::UNIDIRECTIONAL_SEQUENCE_RNN,
     Options::SequenceRNNOptions,
     {"RNN", "timeMajor=b0 activation=a1", build_rnn}},
    {Code::GATHER, Options::GatherOptions, {"GatherV2", "axis=i0 batchDims=i1"}},
    {Code::BATCH_TO_SPACE_ND, Options::NONE, {"BatchToSpaceND", "blockShape=<1? crops=<2?"}},
    {Code::SPACE_TO_BATCH_ND, Options::NONE, {"SpaceToBatchND", "blockShape=<1? paddings=<2?"}},
    {Code::TRANSPOSE, Options::NONE, {"Transpose", "perm=<1?"}},
    {Code::MEAN, Options::ReducerOptions, {"Mean", kReduce}},
    {Code::SUB, Options::SubOptions, {"Sub", "activation=a0"}},
    {Code::DIV, Options::DivOptions, {"RealDiv", "activation=a0"}},
    {Code::SQUEEZE, Options::SqueezeOptions, {"Squeeze", "axis=v0"}},
    {Code::UNIDIRECTIONAL_SEQUENCE_LSTM,
     Options::UnidirectionalSequenceLSTMOptions,
     {"LSTM", "activation=a0 cellClip=f1 projClip=f2 timeMajor=b3 !0=b5:diagonal_recurrent_tensors",
      build_lstm}},
    {Code::STRIDED_SLICE,
     Options::StridedSliceOptions,
     {"StridedSlice",
      "begin=<1? end=<2? strides=<3? beginMask=i0 endMask=i1 ellipsisMask=i2 newAxisMask=i3 "
      "shrinkAxisMask=i4 !0=b5:offset"}},
    {Code::BIDIRECTIONAL_SEQUENCE_RNN,
     Options::BidirectionalSequenceRNNOptions,
     {"RNN", "timeMajor=b0 activation=a1", build_bidirectional_rnn}},
    {Code::EXP, Options::NONE, {"Exp"}},
    {Code::TOPK_V2, Options::NONE, {"TopK", "k=<1?"}},
    {Code::SPLIT, Options::SplitOptions, {"SplitV", "axis=<0 numOrSizeSplits=i0"}},
    {Code::LOG_SOFTMAX, Options::NONE, {"LogSoftmax"}},
    {Code::BIDIRECTIONAL_SEQUENCE_LSTM,
     Options::BidirectionalSequenceLSTMOptions,
     // As rare as RNN, whose presence decides: Keras writes two of one direction.
     {"RNN", "activation=a0 cellClip=f1 projClip=f2 timeMajor=y4", build_bidirectional_lstm}},
    {Code::CAST, Options::NONE, {"Cast", "", build_cast}},
    {Code::PRELU, Options::NONE, {"Prelu"}},
    {Code::MAXIMUM, Options::NONE, {"Maximum"}},
    {Code::ARG_MAX, Options::NONE, {"ArgMax", "axis=<1"}},
    {Code::MINIMUM, Options::NONE, {"Minimum"}},
    {Code::LESS, Options::NONE, {"Less"}},
    {Code::NEG, Options::NONE, {"Neg"}},
    {Code::PADV2, Options::NONE, {"PadV2", "paddings=<1? constantValue=<2?"}},
    {Code::GREATER, Options::NONE, {"Greater"}},
    {Code::GREATER_EQUAL, Options::NONE, {"GreaterEqual"}},
    {Code::LESS_EQUAL, Options::NONE, {"LessEqual"}},
    {Code::SELECT, Options::NONE, {"Select"}},
    {Code::SLICE, Options::NONE, {"Slice", "begin=<1? size=<2?"}},
    {Code::SIN, Options::NONE, {"Sin"}},
    {Code::TRANSPOSE_CONV,
     Options::TransposeConvOptions,
     {"Conv2DBackpropInput",
      "filterFormat='OHWI inputShape=<0? pad=p0 strides=i2,1 activation=a3 ^213-0"}},
    {Code::SPARSE_TO_DENSE, Options::NONE, {"SparseToDense", "outputShape=<1? ^0231"}},
    {Code::TILE, Options::NONE, {"Tile", "reps=<1?"}},
    {Code::EXPAND_DIMS, Options::NONE, {"ExpandDims", "dim=<1"}},
    {Code::EQUAL, Options::NONE, {"Equal"}},
    {Code::NOT_EQUAL, Options::NONE, {"NotEqual"}},
    {Code::LOG, Options::NONE, {"Log"}},
    {Code::SUM, Options::ReducerOptions, {"Sum", kReduce}},
    {Code::SQRT, Options::NONE, {"Sqrt"}},
    {Code::RSQRT, Options::NONE, {"Rsqrt"}},
    {Code::SHAPE, Options::NONE, {"Shape"}},
    {Code::POW, Options::NONE, {"Pow"}},
    {Code::ARG_MIN, Options::NONE, {"ArgMin", "axis=<1"}},
    {Code::FAKE_QUANT,
     Options::FakeQuantOptions,
     {"FakeQuantWithMinMaxArgs", "min=f0 max=f1 numBits=i2 narrowRange=b3"}},
    {Code::REDUCE_PROD, Options::ReducerOptions, {"Prod", kReduce}},
    {Code::REDUCE_MAX, Options::ReducerOptions, {"Max", "reductionIndices=<1? keepDims=b0"}},
    {Code::PACK, Options::PackOptions, {"Pack", "axis=i1"}},
    {Code::LOGICAL_OR, Options::NONE, {"LogicalOr"}},
    {Code::ONE_HOT,
     Options::OneHotOptions,
     {"OneHot", "depth=<1? onValue=<2? offValue=<3? axis=i0", build_typed}},
    {Code::LOGICAL_AND, Options::NONE, {"LogicalAnd"}},
    {Code::LOGICAL_NOT, Options::NONE, {"LogicalNot"}},
    {Code::UNPACK, Options::UnpackOptions, {"Unpack", "axis=i1"}},
    {Code::REDUCE_MIN, Options::ReducerOptions, {"Min", kReduce}},
    {Code::FLOOR_DIV, Options::NONE, {"FloorDiv"}},
    {Code::REDUCE_ANY, Options::ReducerOptions, {"Any", kReduce}},
    {Code::SQUARE, Options::NONE, {"Square"}},
    {Code::ZEROS_LIKE, Options::NONE, {"ZerosLike"}},
    {Code::FILL, Options::NONE, {"Fill"}},
    {Code::FLOOR_MOD, Options::NONE, {"Mod"}},
    {Code::RANGE, Options::NONE, {"Range"}},
    {Code::RESIZE_NEAREST_NEIGHBOR,
     Options::ResizeNearestNeighborOptions,
     {"ResizeNearestNeighbor", "size=<1? alignCorners=b0 halfPixelCenters=b1"}},
    {Code::LEAKY_RELU, Options::LeakyReluOptions, {"LeakyRelu", "alpha=f0"}},
    {Code::SQUARED_DIFFERENCE, Options::NONE, {"SquaredDifference"}},
    {Code::MIRROR_PAD, Options::MirrorPadOptions, {"MirrorPad", "paddings=<1? mode=m0"}},
    {Code::ABS, Options::NONE, {"Abs"}},
    {Code::SPLIT_V, Options::NONE, {"SplitV", "numOrSizeSplits=<1 axis=<2"}},
    {Code::UNIQUE, Options::NONE, {"Unique", "@#2"}},
    {Code::CEIL, Options::NONE, {"Ceil"}},
    {Code::REVERSE_V2, Options::NONE, {"Reverse", "dims=<1?"}},
    {Code::ADD_N, Options::NONE, {"Add", "", cook_sum}},
    {Code::GATHER_ND, Options::NONE, {"GatherNd"}},
    {Code::COS, Options::NONE, {"Cos"}},
    {Code::WHERE, Options::NONE, {"Where"}},
    {Code::RANK, Options::NONE, {"Rank"}},
    {Code::ELU, Options::NONE, {"Elu"}},
    {Code::REVERSE_SEQUENCE,
     Options::ReverseSequenceOptions,
     {"ReverseSequence", "seqDim=i0 batchDim=i1"}},
    {Code::MATRIX_DIAG, Options::NONE, {"MatrixDiag"}},
    {Code::MATRIX_SET_DIAG, Options::NONE, {"MatrixSetDiag"}},
    {Code::ROUND, Options::NONE, {"Round"}},
    {Code::HARD_SWISH, Options::NONE, {"HardSwish"}},
    {Code::NON_MAX_SUPPRESSION_V4,
     Options::NONE,
     {"NonMaxSuppressionV4",
      "maxOutputSize=<2? iouThreshold=<3? scoreThreshold=<4? padToMaxOutputSize=#1"}},
    {Code::NON_MAX_SUPPRESSION_V5,
     Options::NONE,
     {"NonMaxSuppressionV5",
      "maxOutputSize=<2? iouThreshold=<3? scoreThreshold=<4? softNmsSigma=<5? "
      "padToMaxOutputSize=#1"}},
    {Code::SCATTER_ND, Options::NONE, {"ScatterNd", "shape=<2?"}},
    {Code::SELECT_V2, Options::NONE, {"SelectV2"}},
    {Code::SEGMENT_SUM, Options::NONE, {"SegmentSum"}},
    {Code::BATCH_MATMUL,
     Options::BatchMatMulOptions,
     {"BatchMatMul", "transposeA=b0 transposeB=b1"}},
    {Code::CUMSUM, Options::CumsumOptions, {"Cumsum", "axis=<1 exclusive=b0 reverse=b1"}},
    {Code::BROADCAST_TO, Options::NONE, {"BroadcastTo", "shape=<1?"}},
    {Code::RFFT2D, Options::NONE, {"RFFT2D", "fftLength=<1?"}},
    {Code::CONV_3D, Options::Conv3DOptions, {"Conv3D", kVolume}},
    {Code::IMAG, Options::NONE, {"Imag"}},
    {Code::REAL, Options::NONE, {"Real"}},
    {Code::COMPLEX_ABS, Options::NONE, {"ComplexAbs"}},
    {Code::REDUCE_ALL, Options::ReducerOptions, {"All", kReduce}},
    {Code::CONV_3D_TRANSPOSE, Options::Conv3DOptions, {"Conv3DBackpropInputV2", kVolumeTranspose}},
    {Code::BROADCAST_ARGS, Options::NONE, {"BroadcastArgs"}},
    {Code::RANDOM_STANDARD_NORMAL,
     Options::RandomOptions,
     {"RandomStandardNormal", "shape=<0? seed=l0 seed2=l1"}},
    {Code::BUCKETIZE, Options::BucketizeOptions, {"Bucketize", "boundaries=w0"}},
    {Code::RANDOM_UNIFORM, Options::RandomOptions, {"RandomUniform", "shape=<0? seed=l0 seed2=l1"}},
    {Code::MULTINOMIAL, Options::RandomOptions, {"Multinomial", "numSamples=<1? seed=l0 seed2=l1"}},
    {Code::GELU, Options::GeluOptions, {"Gelu", "approximate=b0"}},
    {Code::DYNAMIC_UPDATE_SLICE, Options::NONE, {"DynamicUpdateSlice"}},
    {Code::RELU_0_TO_1, Options::NONE, {"ClipByValue", "clipValueMin=#0 clipValueMax=#1"}},
    {Code::UNSORTED_SEGMENT_PROD, Options::NONE, {"UnsortedSegmentProd", "numSegments=<2?"}},
    {Code::UNSORTED_SEGMENT_MAX, Options::NONE, {"UnsortedSegmentMax", "numSegments=<2?"}},
    {Code::UNSORTED_SEGMENT_SUM, Options::NONE, {"UnsortedSegmentSum", "numSegments=<2?"}},
    {Code::ATAN2, Options::NONE, {"Atan2"}},
    {Code::UNSORTED_SEGMENT_MIN, Options::NONE, {"UnsortedSegmentMin", "numSegments=<2?"}},
    {Code::SIGN, Options::NONE, {"Sign"}},
    {Code::BITCAST, Options::NONE, {"Bitcast", "", build_bitcast}},
    {Code::BITWISE_XOR, Options::NONE, {"BitwiseXor"}},
    {Code::RIGHT_SHIFT, Options::NONE, {"RightShift"}},
    {Code::DILATE, Options::NONE, {"Dilate", "dilations=<1? ^021"}},
    {Code::STABLEHLO_LOGISTIC, Options::NONE, {"Sigmoid"}},
    {Code::STABLEHLO_ADD, Options::NONE, {"Add"}},
    {Code::STABLEHLO_DIVIDE, Options::NONE, {"RealDiv"}},
    {Code::STABLEHLO_MULTIPLY, Options::NONE, {"Multiply"}},
    {Code::STABLEHLO_MAXIMUM, Options::NONE, {"Maximum"}},
    {Code::STABLEHLO_ABS, Options::NONE, {"Abs"}},
    {Code::STABLEHLO_AND, Options::NONE, {"LogicalAnd"}},
    {Code::STABLEHLO_COSINE, Options::NONE, {"Cos"}},
    {Code::STABLEHLO_EXPONENTIAL, Options::NONE, {"Exp"}},
    {Code::STABLEHLO_FLOOR, Options::NONE, {"Floor"}},
    {Code::STABLEHLO_LOG, Options::NONE, {"Log"}},
    {Code::STABLEHLO_MINIMUM, Options::NONE, {"Minimum"}},
    {Code::STABLEHLO_NEGATE, Options::NONE, {"Neg"}},
    {Code::STABLEHLO_OR, Options::NONE, {"LogicalOr"}},
    {Code::STABLEHLO_POWER, Options::NONE, {"Pow"}},
    {Code::STABLEHLO_REMAINDER, Options::NONE, {"TruncateMod"}},
    {Code::STABLEHLO_RSQRT, Options::NONE, {"Rsqrt"}},
    {Code::STABLEHLO_SELECT, Options::NONE, {"SelectV2"}},
    {Code::STABLEHLO_SUBTRACT, Options::NONE, {"Sub"}},
    {Code::STABLEHLO_TANH, Options::NONE, {"Tanh"}},
    {Code::STABLEHLO_CONVERT, Options::NONE, {"Cast", "", build_cast}},
    {Code::STABLEHLO_SCATTER,
     Options::NONE,
     {"XlaScatter", "windowDims=q1 collapsedDims=q2 indexMap=q3 indexVectorDim=l4", build_scatter}},
    {Code::STABLEHLO_PAD, Options::NONE, {"XlaPad", "low=q0 high=q1 interior=q2"}},
    {Code::STABLEHLO_REDUCE_WINDOW,
     Options::NONE,
     {"XlaReduceWindow",
      "windowDimensions=q0 windowStrides=q1 baseDilations=q2 windowDilations=q3 padding=q4",
      build_reduce_window}},
    {Code::STABLEHLO_GATHER,
     Options::NONE,
     {"XlaGather", "windowDims=q0 collapsedDims=q1 indexMap=q2 indexVectorDim=l3 sliceSizes=q4"}},
    {Code::REDUCE_WINDOW,
     Options::NONE,
     {"XlaReduceWindow", "windowDimensions=<2 windowStrides=<3 windowDilations=<4",
      build_tflite_reduce_window}},
    {Code::STABLEHLO_SHIFT_LEFT, Options::NONE, {"LeftShift"}},
    {Code::STABLEHLO_CASE, Options::NONE, {"If", "", build_case}},

    {Code::IF, Options::IfOptions, {"If", "", build_flow}},
    {Code::WHILE, Options::WhileOptions, {"While", "", build_flow}},
    {Code::CUSTOM,
     Options::NONE,
     {"Conv2DBackpropInput", "filterFormat='OHWI", build_mediapipe_transpose_conv},
     "Convolution2DTransposeBias"},
    {Code::CUSTOM,
     Options::NONE,
     {"DetectionPostProcess",
      "maxDetections=xmax_detections maxClassesPerDetection=xmax_classes_per_detection "
      "detectionsPerClass=xdetections_per_class useRegularNms=xuse_regular_nms "
      "nmsScoreThreshold=xnms_score_threshold|0 nmsIouThreshold=xnms_iou_threshold|0 "
      "numClasses=xnum_classes yScale=xy_scale xScale=xx_scale hScale=xh_scale wScale=xw_scale"},
     "TFLite_Detection_PostProcess"},
    {Code::CUSTOM,
     Options::NONE,
     {"LandmarksToTransformMatrix",
      "leftRotationIdx=xleft_rotation_idx rightRotationIdx=xright_rotation_idx inputSize=xinput_hw "
      "landmarksRange=xlandmarks_range targetRotationRadians=xtarget_rotation_radians",
      build_transform_matrix},
     "Landmarks2TransformMatrix"},
    {Code::CUSTOM,
     Options::NONE,
     {"AudioSpectrogram",
      "windowSize=xwindow_size stride=xstride magnitudeSquared=xmagnitude_squared"},
     "AudioSpectrogram"},
    {Code::CUSTOM,
     Options::NONE,
     {"Mfcc",
      "upperFrequencyLimit=xupper_frequency_limit lowerFrequencyLimit=xlower_frequency_limit "
      "filterbankChannelCount=xfilterbank_channel_count "
      "dctCoefficientCount=xdct_coefficient_count"},
     "Mfcc"},
    {Code::CUSTOM,
     Options::NONE,
     {"TransformLandmarks", "dimensions=xdimensions scale=xscale"},
     "TransformLandmarks"},
    {Code::CUSTOM,
     Options::NONE,
     {"TransformTensorBilinear", "", build_transform_bilinear},
     "TransformTensorBilinear"},
    {Code::CUSTOM,
     Options::NONE,
     {"TransformTensorBilinear", "", build_transform_bilinear},
     "TransformTensor"},
    {Code::CUSTOM,
     Options::NONE,
     {"MaxPoolWithArgmax", "indexInWindow=#1", build_mediapipe_pool},
     "MaxPoolingWithArgmax2D"},
    {Code::CUSTOM, Options::NONE, {"MaxUnpooling2D", "", build_mediapipe_pool}, "MaxUnpooling2D"},
};
// StableHLO's operators beside those of TensorFlow Lite.
constexpr bool is_rare(const TfliteRow& row) {
  return row.code >= Code::STABLEHLO_LOGISTIC && row.code != Code::DILATE;
}
constexpr auto kRows = rows_of_build<kAllRows, kHasRareRows ? nullptr : is_rare>();

// Letters behind '=', '~' or '@'. A build function may read what it likes.
template <class Rows>
constexpr uint32_t options_of(const Rows& rows) {
  uint32_t letters = 0;
  for (const TfliteRow& row : rows) {
    if (row.recipe.build != nullptr && row.recipe.build != cook_sum) return ~0U;
    char before = 0;
    for (const char* at = row.recipe.terms; *at != 0; before = *at++) {
      const bool begins = before == '=' || before == '~' || before == '@';
      if (begins && *at >= 'a' && *at <= 'z') letters |= 1U << (*at - 'a');
    }
  }
  return letters;
}

// Of all codes, in their order. A build for given models calls operators as we do.
[[maybe_unused]] constexpr char kNames[] =
#include "tflite_operator_names.h"
    ;

}  // namespace

constinit const RecipeTerms kTfliteTerms = terms_of(kRows);
constinit const uint32_t kTfliteOptions = options_of(kRows);

std::span<const TfliteRow> tflite_rows() { return kRows; }

const TfliteRow* find_tflite_row(Code code, std::string_view custom) {
  for (const TfliteRow& row : kRows) {
    if (row.code == code && (row.custom == nullptr || row.custom == custom)) return &row;
  }
  static constexpr TfliteRow kOwn = {Code::CUSTOM, Options::NONE, {nullptr, "", build_own}};
  return kBuildParts.custom && code == Code::CUSTOM && custom.starts_with(kOwnPrefix) ? &kOwn
                                                                                      : nullptr;
}

String tflite_name(Code code) {
  const int number = static_cast<int>(code);
  if constexpr (kForGivenModels) {
    const auto* row = std::ranges::find(kRows, code, [](const TfliteRow& r) { return r.code; });
    if (row != kRows.end() && row->recipe.op != nullptr) return row->recipe.op;
  } else {
    const std::string_view names(kNames, sizeof kNames - 1);
    size_t at = 0;
    for (int i = 0; i < number && at < names.size(); ++i) at = names.find('\0', at) + 1;
    if (number >= 0 && at != names.size()) return kNames + at;
  }
  return sentence<"builtin operator {}">(number);
}

bool is_widening(Code code) { return code == Code::DEQUANTIZE || code == Code::DENSIFY; }

}  // namespace wxnn
