#include "converter/write_rows.h"

#include <algorithm>

namespace wxnn {

namespace {

using Code = tflite::BuiltinOperator;
using Options = tflite::BuiltinOptions;

// After tensorflow/lite's table of versions, for float32, int32 and bool.
int by_dilation(const WrittenNode& w) {
  return w.node.attrs.i("dilations", 0) != 1 || w.node.attrs.i("dilations", 1) != 1 ? 2 : 1;
}
int by_transposed_inputs(const WrittenNode& w) {
  if (w.node.attrs.text("activation") != "linear") return 4;
  return w.node.inputs.size() > 2 ? 3 : 1;
}
int by_kept_rank(const WrittenNode& w) { return w.x.shape.rank() != 2 ? 5 : 1; }
int by_half_pixels(const WrittenNode& w) { return w.node.attrs.b("halfPixelCenters") ? 3 : 1; }
int by_any_centers(const WrittenNode& w) {
  return w.node.attrs.b("halfPixelCenters") || w.node.attrs.b("alignCorners") ? 3 : 1;
}
int by_transpose(const WrittenNode& w) {
  if (w.x.shape.rank() > 5) return 6;
  if (w.x.shape.rank() > 4) return 4;
  return w.x.dtype == DType::kBool ? 3 : 1;
}
int by_high_rank_2(const WrittenNode& w) { return w.broadcast && w.rank > 4 ? 2 : 1; }
int by_high_rank_3(const WrittenNode& w) { return w.broadcast && w.rank > 4 ? 3 : 1; }
int by_high_rank_4(const WrittenNode& w) { return w.rank > 4 ? 4 : 1; }
int by_high_rank_5(const WrittenNode& w) { return w.rank > 4 ? 5 : 1; }
int by_slice(const WrittenNode& w) {
  if (w.node.attrs.i("ellipsisMask") != 0 || w.node.attrs.i("newAxisMask") != 0) return 6;
  if (w.rank > 4) return 4;
  return w.x.dtype == DType::kBool ? 3 : 1;
}
int by_gather(const WrittenNode& w) {
  if (w.node.attrs.i("batchDims") != 0) return 5;
  return w.x.dtype == DType::kBool ? 3 : 1;
}
int by_int_3(const WrittenNode& w) { return w.x.dtype == DType::kInt32 ? 3 : 1; }
int by_int_2(const WrittenNode& w) { return w.x.dtype == DType::kInt32 ? 2 : 1; }
int by_int_5(const WrittenNode& w) { return w.x.dtype == DType::kInt32 ? 5 : 1; }
int by_float_2(const WrittenNode& w) { return w.x.dtype == DType::kFloat32 ? 2 : 1; }
int by_bool_2(const WrittenNode& w) { return w.x.dtype == DType::kBool ? 2 : 1; }
int by_bool_3(const WrittenNode& w) { return w.x.dtype == DType::kBool ? 3 : 1; }
int two(const WrittenNode&) { return 2; }

bool clips_to_1(const Node& node) { return node.attrs.f("clipValueMin") == 0; }
bool undilated(const Node& node) {
  return node.attrs.i("dilations", 0) == 1 && node.attrs.i("dilations", 1) == 1;
}
bool undilated3(const Node& node) { return undilated(node) && node.attrs.i("dilations", 2) == 1; }
bool pads_zero(const Node& node) { return node.attrs.f("constantValue") == 0; }
bool splits_equally(const Node& node) {
  return node.attrs.numbers("numOrSizeSplits").size() == 1 &&
         node.attrs.f("numOrSizeSplits") == static_cast<double>(node.outputs.size());
}
bool is_product(const Node& node) { return node.attrs.b("transposeB"); }

constexpr const char* kPool = "filterSize=i4,3 strides=i2,1 pad=p0";
constexpr const char* kReduce = "axis=<1 keepDims=b0";

// By name; of several rows for one operator the first that applies.
constexpr WriteRow kRows[] = {
    {"Abs", Code::ABS, Options::AbsOptions, "", "fi", by_int_5},
    {"Add", Code::ADD, Options::AddOptions, "", "fi"},
    {"All", Code::REDUCE_ALL, Options::ReducerOptions, kReduce, "b"},
    {"Any", Code::REDUCE_ANY, Options::ReducerOptions, kReduce, "b"},
    {"ArgMax", Code::ARG_MAX, Options::ArgMaxOptions, "axis=<1. int32=t0", "fib", by_bool_3},
    {"ArgMin", Code::ARG_MIN, Options::ArgMinOptions, "axis=<1. int32=t0", "fib", by_bool_3},
    {"Atan2", Code::ATAN2, Options::ATan2Options},
    {"AvgPool", Code::AVERAGE_POOL_2D, Options::Pool2DOptions, kPool, "f", nullptr, undilated},
    {"BatchMatMul", Code::BATCH_MATMUL, Options::BatchMatMulOptions, "transposeA=b0 transposeB=b1"},
    {"BatchToSpaceND", Code::BATCH_TO_SPACE_ND, Options::NONE, "blockShape=<1 crops=<2x2", "fi"},
    {"BroadcastTo", Code::BROADCAST_TO, Options::BroadcastToOptions, "shape=<1", "fib", two},
    {"Cast", Code::CAST, Options::CastOptions, "input=t0 dtype=t1", "fib"},
    {"Ceil", Code::CEIL},
    {"ClipByValue", Code::RELU_0_TO_1, Options::NONE, "", "f", nullptr, clips_to_1},
    {"ClipByValue", Code::RELU_N1_TO_1},
    {"Concat", Code::CONCATENATION, Options::ConcatenationOptions, "axis=i0", "fib"},
    {"Conv2DBackpropInput", Code::TRANSPOSE_CONV, Options::TransposeConvOptions,
     "inputShape=<0 pad=p0 strides=i2,1 activation=a3 ^213", "f", by_transposed_inputs, undilated},
    {"Conv3D", Code::CONV_3D, Options::Conv3DOptions, "pad=p0 strides=i1,3,2 dilations=d5,7,6"},
    {"Conv3DBackpropInputV2", Code::CONV_3D_TRANSPOSE, Options::Conv3DOptions,
     "inputShape=<0 pad=p0 strides=i1,3,2 dilations=d5,7,6 ^21", "f", nullptr, undilated3},
    {"Cos", Code::COS, Options::CosOptions},
    {"Cumsum", Code::CUMSUM, Options::CumsumOptions, "axis=<1. exclusive=b0 reverse=b1", "fi"},
    {"DepthToSpace", Code::DEPTH_TO_SPACE, Options::DepthToSpaceOptions, "blockSize=i0", "fi"},
    {"DynamicUpdateSlice", Code::DYNAMIC_UPDATE_SLICE, Options::NONE, "", "fib"},
    {"Elu", Code::ELU},
    {"Equal", Code::EQUAL, Options::EqualOptions, "", "fib"},
    {"Exp", Code::EXP, Options::ExpOptions},
    {"ExpandDims", Code::EXPAND_DIMS, Options::ExpandDimsOptions, "dim=<1.", "fib"},
    {"Fill", Code::FILL, Options::FillOptions, "shape=<0 value=<1#", "fib", by_bool_2},
    {"Floor", Code::FLOOR},
    {"FloorDiv", Code::FLOOR_DIV, Options::FloorDivOptions, "", "fi", by_float_2},
    {"FusedConv2D", Code::CONV_2D, Options::Conv2DOptions,
     "pad=p0 strides=i2,1 dilations=d5,4 activation=a3"},
    {"FusedDepthwiseConv2D", Code::DEPTHWISE_CONV_2D, Options::DepthwiseConv2DOptions,
     "pad=p0 strides=i2,1 dilations=d6,5 activation=a4 multiplier=i3", "f", by_dilation},
    {"GatherNd", Code::GATHER_ND, Options::GatherNdOptions, "", "fib"},
    {"GatherV2", Code::GATHER, Options::GatherOptions, "axis=i0 batchDims=i1", "fib", by_gather},
    {"Gelu", Code::GELU, Options::GeluOptions, "approximate=b0"},
    {"Greater", Code::GREATER, Options::GreaterOptions, "", "fi"},
    {"GreaterEqual", Code::GREATER_EQUAL, Options::GreaterEqualOptions, "", "fi"},
    {"HardSwish", Code::HARD_SWISH, Options::HardSwishOptions},
    {"Identity", Code::RESHAPE, Options::ReshapeOptions, "same=<1", "fib"},
    {"If", Code::IF, Options::IfOptions, "", "b"},
    {"LeakyRelu", Code::LEAKY_RELU, Options::LeakyReluOptions, "alpha=f0"},
    {"Less", Code::LESS, Options::LessOptions, "", "fi"},
    {"LessEqual", Code::LESS_EQUAL, Options::LessEqualOptions, "", "fi"},
    {"Log", Code::LOG},
    {"LogSoftmax", Code::LOG_SOFTMAX, Options::LogSoftmaxOptions},
    {"LogicalAnd", Code::LOGICAL_AND, Options::LogicalAndOptions, "", "b"},
    {"LogicalNot", Code::LOGICAL_NOT, Options::LogicalNotOptions, "", "b"},
    {"LogicalOr", Code::LOGICAL_OR, Options::LogicalOrOptions, "", "b"},
    {"Max", Code::REDUCE_MAX, Options::ReducerOptions, "reductionIndices=<1 keepDims=b0", "fi"},
    {"MaxPool", Code::MAX_POOL_2D, Options::Pool2DOptions, kPool, "f", nullptr, undilated},
    {"Maximum", Code::MAXIMUM, Options::MaximumMinimumOptions, "", "fi", by_high_rank_3},
    {"Mean", Code::MEAN, Options::ReducerOptions, kReduce},
    {"Min", Code::REDUCE_MIN, Options::ReducerOptions, kReduce, "fi"},
    {"Minimum", Code::MINIMUM, Options::MaximumMinimumOptions, "", "fi", by_high_rank_3},
    {"MirrorPad", Code::MIRROR_PAD, Options::MirrorPadOptions, "paddings=<1x2 mode=m0", "fi"},
    {"Mod", Code::FLOOR_MOD, Options::FloorModOptions, "", "fi"},
    {"Multiply", Code::MUL, Options::MulOptions, "", "fi"},
    {"Neg", Code::NEG, Options::NegOptions, "", "fi"},
    {"NonMaxSuppressionV4", Code::NON_MAX_SUPPRESSION_V4, Options::NonMaxSuppressionV4Options},
    {"NonMaxSuppressionV5", Code::NON_MAX_SUPPRESSION_V5, Options::NonMaxSuppressionV5Options},
    {"NotEqual", Code::NOT_EQUAL, Options::NotEqualOptions, "", "fib"},
    {"OneHot", Code::ONE_HOT, Options::OneHotOptions, "depth=<1. onValue=<2# offValue=<3# axis=i0",
     "i"},
    {"Pack", Code::PACK, Options::PackOptions, "axis=i1 count=i0", "fib"},
    {"PadV2", Code::PAD, Options::PadOptions, "paddings=<1x2", "fi", by_high_rank_4, pads_zero},
    {"PadV2", Code::PADV2, Options::PadV2Options, "paddings=<1x2 constantValue=<2#", "fi",
     by_high_rank_4},
    {"Pow", Code::POW, Options::PowOptions, "", "fi"},
    {"Prelu", Code::PRELU},
    {"Prod", Code::REDUCE_PROD, Options::ReducerOptions, kReduce, "fi"},
    {"Range", Code::RANGE, Options::RangeOptions, "start=<0# stop=<1# step=<2#", "fi"},
    {"RealDiv", Code::DIV, Options::DivOptions, "", "fi", by_high_rank_2},
    {"Relu", Code::RELU, Options::NONE, "", "f"},
    {"Relu6", Code::RELU6, Options::NONE, "", "f"},
    {"Reshape", Code::RESHAPE, Options::ReshapeOptions, "shape=<1 shape=v0", "fib"},
    {"ResizeBilinear", Code::RESIZE_BILINEAR, Options::ResizeBilinearOptions,
     "size=<1 alignCorners=b2 halfPixelCenters=b3", "f", by_half_pixels},
    {"ResizeNearestNeighbor", Code::RESIZE_NEAREST_NEIGHBOR, Options::ResizeNearestNeighborOptions,
     "size=<1 alignCorners=b0 halfPixelCenters=b1", "fi", by_any_centers},
    {"Reverse", Code::REVERSE_V2, Options::ReverseV2Options, "dims=<1", "fib", by_bool_2},
    {"ReverseSequence", Code::REVERSE_SEQUENCE, Options::ReverseSequenceOptions,
     "seqDim=i0 batchDim=i1", "fi"},
    {"Round", Code::ROUND},
    {"Rsqrt", Code::RSQRT},
    {"ScatterNd", Code::SCATTER_ND, Options::ScatterNdOptions, "shape=<2", "fib"},
    {"Select", Code::SELECT, Options::SelectOptions, "", "b"},
    {"SelectV2", Code::SELECT_V2, Options::SelectV2Options, "", "b"},
    {"Shape", Code::SHAPE, Options::ShapeOptions, "int32=t0", "fib"},
    {"Sigmoid", Code::LOGISTIC},
    {"Sign", Code::SIGN, Options::SignOptions, "", "fi", by_int_2},
    {"Sin", Code::SIN},
    {"Slice", Code::SLICE, Options::SliceOptions, "begin=<1 size=<2", "fib", by_high_rank_5},
    {"Softmax", Code::SOFTMAX, Options::SoftmaxOptions, "1=f0"},
    {"SpaceToBatchND", Code::SPACE_TO_BATCH_ND, Options::NONE, "blockShape=<1 paddings=<2x2", "fi"},
    {"SpaceToDepth", Code::SPACE_TO_DEPTH, Options::SpaceToDepthOptions, "blockSize=i0", "fi"},
    {"SplitV", Code::SPLIT, Options::SplitOptions, "axis=<0. numOrSizeSplits=i0 ^1", "fi", by_int_3,
     splits_equally},
    {"SplitV", Code::SPLIT_V, Options::SplitVOptions, "numOrSizeSplits=<1 axis=<2. outputs=i0",
     "fi"},
    {"Sqrt", Code::SQRT},
    {"Square", Code::SQUARE, Options::SquareOptions},
    {"SquaredDifference", Code::SQUARED_DIFFERENCE, Options::SquaredDifferenceOptions, "", "fi"},
    {"Squeeze", Code::SQUEEZE, Options::SqueezeOptions, "axis=v0", "fib"},
    {"StridedSlice", Code::STRIDED_SLICE, Options::StridedSliceOptions,
     "begin=<1 end=<2 strides=<3 beginMask=i0 endMask=i1 ellipsisMask=i2 newAxisMask=i3 "
     "shrinkAxisMask=i4",
     "fib", by_slice},
    {"Sub", Code::SUB, Options::SubOptions, "", "fi", by_high_rank_3},
    {"Sum", Code::SUM, Options::ReducerOptions, kReduce, "fi"},
    {"Tanh", Code::TANH},
    {"Tile", Code::TILE, Options::TileOptions, "reps=<1", "fib"},
    {"TopK", Code::TOPK_V2, Options::TopKV2Options, "k=<1.", "fi"},
    {"Transpose", Code::TRANSPOSE, Options::TransposeOptions, "perm=<1", "fib", by_transpose},
    {"Unpack", Code::UNPACK, Options::UnpackOptions, "axis=i1 outputs=i0", "fib", by_bool_3},
    {"Unique", Code::UNIQUE, Options::UniqueOptions, "int32=t0", "fi"},
    {"Where", Code::WHERE, Options::WhereOptions, "", "fib", nullptr, nullptr, true},
    {"While", Code::WHILE, Options::WhileOptions, "", "fib"},
    {"ZerosLike", Code::ZEROS_LIKE, Options::NONE, "", "fi"},
    {"_FusedMatMul", Code::FULLY_CONNECTED, Options::FullyConnectedOptions,
     "activation=a0 keepRank=b2", "f", by_kept_rank, is_product},
};

}  // namespace

const WriteRow* find_write_row(const Node& node) {
  const auto applies = [&node](const WriteRow& row) {
    return row.op == node.op->name && (row.applies == nullptr || row.applies(node));
  };
  const auto* row = std::ranges::find_if(kRows, applies);
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace wxnn
