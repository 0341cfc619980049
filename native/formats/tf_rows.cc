#include "formats/tf_rows.h"

#include <algorithm>

#include "formats/rows_of_build.h"

namespace wxnn {

namespace {

struct FusedRow {
  std::string_view tf, ours;
};
constexpr FusedRow kFusedActivations[] = {
    {"Elu", "elu"},     {"LeakyRelu", "leakyrelu"}, {"Prelu", "prelu"}, {"Relu", "relu"},
    {"Relu6", "relu6"}, {"Sigmoid", "sigmoid"},     {"Tanh", "tanh"},
};

// fused_ops: [BiasAdd], then an activation. Inputs (x, filter, bias?, alpha of Prelu?).
Status build_fused(SourceNode& node, const Recipe& recipe) {
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  bool has_bias = false;
  std::string_view activation = "linear";
  for (std::string_view fused : static_cast<TfSource&>(node).texts("fused_ops")) {
    const auto* row = std::ranges::find(kFusedActivations, fused, &FusedRow::tf);
    if (fused == "BiasAdd" && !has_bias && activation == "linear") {
      has_bias = true;
    } else if (row != std::end(kFusedActivations) && activation == "linear") {
      activation = row->ours;
    } else {
      return fail("fused_ops has \"", fused, "\", which is not supported here");
    }
  }
  if (!has_bias && cooked.inputs.size() > 2) {
    cooked.inputs.insert(cooked.inputs.begin() + 2, kAbsent);
  }
  WXNN_TRY(cooked.attrs.set("activation", activation));
  return emit(node, std::move(cooked));
}

// AddN as a chain of Add.
Status build_add_n(SourceNode& node, const Recipe& recipe) {
  WXNN_CHECK(!node.inputs.empty(), "has no inputs");
  AttrValue count;
  WXNN_TRY(node.read("N", &count));
  int sum = node.inputs[0];
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    Cooked add;
    WXNN_TRY(need_op(recipe.op, &add.op));
    add.attrs = Attrs(add.op->attrs);
    add.inputs = {sum, node.inputs[i]};
    if (i + 1 == node.inputs.size()) return emit(node, std::move(add));
    WXNN_TRY(emit_before(node, sentence("/", i), std::move(add), &sum));
  }
  Cooked only;
  WXNN_TRY(need_op("Identity", &only.op));
  only.attrs = Attrs(only.op->attrs);
  only.inputs = {sum};
  return emit(node, std::move(only));
}

// The root of the sum of squares.
Status build_euclidean_norm(SourceNode& node, const Recipe& recipe) {
  Cooked square, sum, root;
  for (const auto& [op, cooked] : {std::pair("Square", &square), std::pair("Sqrt", &root)}) {
    WXNN_TRY(need_op(op, &cooked->op));
    cooked->attrs = Attrs(cooked->op->attrs);
  }
  WXNN_TRY(prepare(node, {"Sum", recipe.terms}, &sum));
  WXNN_CHECK(!sum.inputs.empty(), "lacks its input");
  square.inputs = {sum.inputs[0]};
  WXNN_TRY(emit_before(node, "/square", std::move(square), &sum.inputs[0]));
  root.inputs = {kAbsent};
  WXNN_TRY(emit_before(node, "/sum", std::move(sum), root.inputs.data()));
  return emit(node, std::move(root));
}

// Limits that are computed are taken one after the other.
Status build_clip(SourceNode& node, const Recipe& recipe) {
  const auto computed = [&node](size_t i) {
    const bool there = i < node.inputs.size() && node.inputs[i] != kAbsent;
    return there && node.graph.values[node.inputs[i]].constant == nullptr;
  };
  Cooked clip, low;
  if (!computed(1) && !computed(2)) {
    WXNN_TRY(prepare(node, recipe, &clip));
    return emit(node, std::move(clip));
  }
  WXNN_CHECK(node.inputs.size() == 3, "has ", node.inputs.size(), " inputs, should have three");
  const int high = node.inputs[2];
  node.inputs.pop_back();
  WXNN_TRY(prepare(node, {"Maximum"}, &low));
  clip.inputs = {kAbsent, high};
  WXNN_TRY(emit_before(node, "/low", std::move(low), clip.inputs.data()));
  WXNN_TRY(need_op("Minimum", &clip.op));
  clip.attrs = Attrs(clip.op->attrs);
  return emit(node, std::move(clip));
}

// Shared by rows with the same attributes.
#define WXNN_NHWC "!NHWC=data_format|NHWC "
constexpr const char* kConv = WXNN_NHWC "strides=strides.hw pad=padding.pad dilations=dilations.hw";
constexpr const char* kFusedConv = WXNN_NHWC
    "strides=strides.hw pad=padding.pad dilations=dilations.hw leakyreluAlpha=leakyrelu_alpha "
    "~epsilon ~fused_ops";
constexpr const char* kPool = WXNN_NHWC "filterSize=ksize.hw strides=strides.hw pad=padding.pad";
constexpr const char* kVolumePool =
    "!NDHWC=data_format|NDHWC filterSize=ksize.dhw strides=strides.dhw pad=padding.pad";
constexpr const char* kReduce = "axis=<1? keepDims=keep_dims";
// The inputs of ours are (x, mean, variance, offset, scale), of TensorFlow's (x, scale, offset,
// mean, variance). Absent, is_training means true, which would need statistics of the batch.
constexpr const char* kBatchNorm =
    WXNN_NHWC "!0=is_training|1 varianceEpsilon=epsilon|0.0001 ~exponential_avg_factor ^03421";
constexpr const char* kResize =
    "size=<1? alignCorners=align_corners halfPixelCenters=half_pixel_centers";
constexpr const char* kFusedMatMul =
    "transposeA=transpose_a transposeB=transpose_b leakyreluAlpha=leakyrelu_alpha ~epsilon "
    "~fused_ops";

// By name.
constexpr TfRow kAllRows[] = {
    {"Abs", {"Abs"}},
    {"Acos", {"Acos"}},
    {"Acosh", {"Acosh"}},
    {"Add", {"Add"}},
    {"AddN", {"Add", "", build_add_n}},
    {"AddV2", {"Add"}},
    {"All", {"All", kReduce}},
    {"Angle", {"Angle", "~Tout"}},
    {"Any", {"Any", kReduce}},
    {"ArgMax", {"ArgMax", "axis=<1"}},
    {"ArgMin", {"ArgMin", "axis=<1"}},
    {"Asin", {"Asin"}},
    {"Asinh", {"Asinh"}},
    {"Atan", {"Atan"}},
    {"Atan2", {"Atan2"}},
    {"Atanh", {"Atanh"}},
    {"AvgPool", {"AvgPool", kPool}},
    {"AvgPool3D", {"AvgPool3D", kVolumePool}},
    {"BatchMatMul", {"BatchMatMul", "transposeA=adj_x transposeB=adj_y"}},
    {"BatchMatMulV2", {"BatchMatMul", "transposeA=adj_x transposeB=adj_y"}},
    {"BatchMatMulV3", {"BatchMatMul", "transposeA=adj_x transposeB=adj_y ~Ta ~Tb ~Tout"}},
    {"BatchToSpaceND", {"BatchToSpaceND", "blockShape=<1? crops=<2?"}},
    {"BiasAdd", {"Add", "!NHWC=data_format|NHWC"}},
    {"Bincount", {"Bincount", "size=<1? ^021"}},
    {"BitwiseAnd", {"BitwiseAnd"}},
    {"BitwiseOr", {"BitwiseOr"}},
    {"BitwiseXor", {"BitwiseXor"}},
    {"BroadcastArgs", {"BroadcastArgs"}},
    {"BroadcastTo", {"BroadcastTo", "shape=<1?"}},
    {"Bucketize", {"Bucketize", "boundaries=boundaries"}},
    {"Cast", {"Cast", "dtype=DstT !0=Truncate"}},
    {"Ceil", {"Ceil"}},
    {"ClipByValue", {"ClipByValue", "clipValueMin=<1 clipValueMax=<2", build_clip}},
    {"Complex", {"Complex", "~Tout"}},
    {"ComplexAbs", {"ComplexAbs", "~Tout"}},
    {"Concat", {"Concat", "axis=<0"}},
    {"ConcatV2", {"Concat", "axis=<-1"}},
    {"Conj", {"Conj"}},
    {"Conv2D", {"FusedConv2D", kConv}},
    {"Conv2DBackpropInput",
     {"Conv2DBackpropInput",
      WXNN_NHWC "inputShape=<0 strides=strides.hw pad=padding.pad dilations=dilations.hw ^21"}},
    {"Conv3D",
     {"Conv3D",
      "!NDHWC=data_format|NDHWC strides=strides.dhw pad=padding.pad dilations=dilations.dhw"}},
    {"Conv3DBackpropInputV2",
     {"Conv3DBackpropInputV2",
      "!NDHWC=data_format|NDHWC inputShape=<0 strides=strides.dhw pad=padding.pad "
      "dilations=dilations.dhw ^21"}},
    {"Cos", {"Cos"}},
    {"Cosh", {"Cosh"}},
    {"CropAndResize",
     {"CropAndResize", "cropSize=<3? method=method extrapolationValue=extrapolation_value"}},
    {"Cumprod", {"Cumprod", "axis=<1 exclusive=exclusive reverse=reverse"}},
    {"Cumsum", {"Cumsum", "axis=<1 exclusive=exclusive reverse=reverse"}},
    {"DenseBincount", {"DenseBincount", "size=<1? binaryOutput=binary_output ^021"}},
    {"DepthToSpace", {"DepthToSpace", WXNN_NHWC "blockSize=block_size"}},
    {"DepthwiseConv2dNative", {"FusedDepthwiseConv2D", kConv}},
    {"Diag", {"Diag"}},
    {"Dilation2D", {"Dilation2D", "strides=strides.hw pad=padding.pad dilations=rates.hw"}},
    {"Div", {"RealDiv"}},
    {"DivNoNan", {"DivNoNan"}},
    {"Einsum", {"Einsum", "equation=equation"}},
    {"Elu", {"Elu"}},
    {"Equal", {"Equal", "!1=incompatible_shape_error"}},
    {"Erf", {"Erf"}},
    {"EuclideanNorm", {"Square", kReduce, build_euclidean_norm}},
    {"Exp", {"Exp"}},
    {"ExpandDims", {"ExpandDims", "dim=<1"}},
    {"Expm1", {"Expm1"}},
    {"FFT", {"FFT", "~Tcomplex"}},
    {"FakeQuantWithMinMaxArgs",
     {"FakeQuantWithMinMaxArgs",
      "min=min|-6 max=max|6 numBits=num_bits|8 narrowRange=narrow_range|0"}},
    {"FakeQuantWithMinMaxVars",
     {"FakeQuantWithMinMaxArgs", "min=<1 max=<2 numBits=num_bits|8 narrowRange=narrow_range|0"}},
    {"Fill", {"Fill"}},
    {"Floor", {"Floor"}},
    {"FloorDiv", {"FloorDiv"}},
    {"FloorMod", {"Mod"}},
    {"FusedBatchNorm", {"FusedBatchNorm", kBatchNorm}},
    {"FusedBatchNormV2", {"FusedBatchNorm", kBatchNorm}},
    {"FusedBatchNormV3", {"FusedBatchNorm", kBatchNorm}},
    {"FusedDepthwiseConv2dNative", {"FusedDepthwiseConv2D", kFusedConv, build_fused}},
    {"Gather", {"GatherV2", "axis=#0"}},
    {"GatherNd", {"GatherNd"}},
    {"GatherV2", {"GatherV2", "axis=<2 batchDims=batch_dims"}},
    {"Greater", {"Greater"}},
    {"GreaterEqual", {"GreaterEqual"}},
    {"IFFT", {"IFFT", "~Tcomplex"}},
    {"IRFFT", {"IRFFT", "fftLength=<1? ~Tcomplex ~Treal"}},
    {"Imag", {"Imag", "~Tout"}},
    {"ImageProjectiveTransformV2",
     {"Transform",
      "outputShape=<2? interpolation=interpolation.lower fillMode=fill_mode.lower ~dtype"}},
    {"ImageProjectiveTransformV3",
     {"Transform",
      "outputShape=<2? fillValue=<3 interpolation=interpolation.lower fillMode=fill_mode.lower "
      "~dtype"}},
    {"IsFinite", {"IsFinite"}},
    {"IsInf", {"IsInf"}},
    {"IsNan", {"IsNan"}},
    {"LRN", {"LRN", "depthRadius=depth_radius bias=bias alpha=alpha beta=beta"}},
    {"LeakyRelu", {"LeakyRelu", "alpha=alpha|0.2"}},
    {"LeftShift", {"LeftShift"}},
    {"Less", {"Less"}},
    {"LessEqual", {"LessEqual"}},
    {"LinSpace", {"LinSpace", "start=<0? stop=<1? num=<2?"}},
    {"ListDiff", {"ListDiff", "@#2"}},
    {"Log", {"Log"}},
    {"Log1p", {"Log1p"}},
    {"LogSoftmax", {"LogSoftmax"}},
    {"LogicalAnd", {"LogicalAnd"}},
    {"LogicalNot", {"LogicalNot"}},
    {"LogicalOr", {"LogicalOr"}},
    {"LowerBound", {"SearchSorted", "side='left"}},
    {"MatMul", {"_FusedMatMul", "transposeA=transpose_a transposeB=transpose_b"}},
    {"MatrixBandPart", {"MatrixBandPart"}},
    {"MatrixDiag", {"MatrixDiag"}},
    {"MatrixSetDiag", {"MatrixSetDiag"}},
    {"Max", {"Max", "reductionIndices=<1? keepDims=keep_dims"}},
    {"MaxPool", {"MaxPool", kPool}},
    {"MaxPool3D", {"MaxPool3D", kVolumePool}},
    {"MaxPoolWithArgmax",
     {"MaxPoolWithArgmax",
      "filterSize=ksize.hw strides=strides.hw pad=padding.pad "
      "includeBatchInIndex=include_batch_in_index ~Targmax @#2"}},
    {"Maximum", {"Maximum"}},
    {"Mean", {"Mean", kReduce}},
    {"Min", {"Min", kReduce}},
    {"Minimum", {"Minimum"}},
    {"MirrorPad", {"MirrorPad", "paddings=<1? mode=mode.lower"}},
    {"Mod", {"Mod"}},
    {"Mul", {"Multiply"}},
    {"Multinomial", {"Multinomial", "numSamples=<1? seed=seed seed2=seed2 ~output_dtype"}},
    {"Neg", {"Neg"}},
    {"NonMaxSuppressionV2", {"NonMaxSuppressionV3", "maxOutputSize=<2? iouThreshold=<3?"}},
    {"NonMaxSuppressionV3",
     {"NonMaxSuppressionV3", "maxOutputSize=<2? iouThreshold=<3? scoreThreshold=<4?"}},
    {"NonMaxSuppressionV4",
     {"NonMaxSuppressionV4",
      "maxOutputSize=<2? iouThreshold=<3? scoreThreshold=<4? "
      "padToMaxOutputSize=pad_to_max_output_size @#2"}},
    {"NonMaxSuppressionV5",
     {"NonMaxSuppressionV5",
      "maxOutputSize=<2? iouThreshold=<3? scoreThreshold=<4? softNmsSigma=<5? "
      "padToMaxOutputSize=pad_to_max_output_size @#3"}},
    {"NotEqual", {"NotEqual", "!1=incompatible_shape_error"}},
    {"OneHot", {"OneHot", "depth=<1? onValue=<2? offValue=<3? axis=axis|-1 dtype=T"}},
    {"Ones", {"Fill", "shape=<0? value=#1 dtype=T"}},
    {"OnesLike", {"OnesLike"}},
    {"Pack", {"Pack", "axis=axis|0"}},
    {"Pad", {"PadV2", "paddings=<1? constantValue=#0"}},
    {"PadV2", {"PadV2", "paddings=<1? constantValue=<2?"}},
    {"Pow", {"Pow"}},
    {"Prelu", {"Prelu"}},
    {"Prod", {"Prod", kReduce}},
    {"RFFT", {"RFFT", "fftLength=<1? ~Tcomplex ~Treal"}},
    {"RFFT2D", {"RFFT2D", "fftLength=<1? ~Tcomplex ~Treal"}},
    {"RandomStandardNormal",
     {"RandomStandardNormal", "shape=<0? seed=seed seed2=seed2 !float32=dtype"}},
    {"RandomUniform",
     {"RandomUniform",
      "shape=<0? minval=minval maxval=maxval seed=seed seed2=seed2 !float32=dtype"}},
    {"RandomUniformInt", {"RandomUniformInt", "shape=<0? seed=seed seed2=seed2 ~Tout ^120"}},
    {"Range", {"Range"}},
    {"Rank", {"Rank"}},
    {"Real", {"Real", "~Tout"}},
    {"RealDiv", {"RealDiv"}},
    {"Reciprocal", {"Reciprocal"}},
    {"Relu", {"Relu"}},
    {"Relu6", {"Relu6"}},
    {"Reshape", {"Reshape", "shape=<1?"}},
    {"ResizeBilinear", {"ResizeBilinear", kResize}},
    {"ResizeNearestNeighbor", {"ResizeNearestNeighbor", kResize}},
    {"ReverseSequence", {"ReverseSequence", "seqDim=seq_dim batchDim=batch_dim"}},
    {"ReverseV2", {"Reverse", "dims=<1?"}},
    {"RightShift", {"RightShift"}},
    {"Round", {"Round"}},
    {"Rsqrt", {"Rsqrt"}},
    {"ScatterNd", {"ScatterNd", "shape=<2?"}},
    {"SegmentSum", {"SegmentSum"}},
    {"Select", {"Select"}},
    {"SelectV2", {"SelectV2"}},
    {"Selu", {"Selu"}},
    {"Shape", {"Shape"}},
    {"Sigmoid", {"Sigmoid"}},
    {"Sign", {"Sign"}},
    {"Sin", {"Sin"}},
    {"Sinh", {"Sinh"}},
    {"Size", {"Size"}},
    {"Slice", {"Slice", "begin=<1? size=<2?"}},
    {"Softmax", {"Softmax"}},
    {"Softplus", {"Softplus"}},
    {"SpaceToBatchND", {"SpaceToBatchND", "blockShape=<1? paddings=<2?"}},
    {"SpaceToDepth", {"SpaceToDepth", WXNN_NHWC "blockSize=block_size"}},
    {"SparseFillEmptyRows", {"SparseFillEmptyRows", "@#4"}},
    {"SparseReshape", {"SparseReshape", "@#2"}},
    {"SparseSegmentMean", {"SparseSegmentMean"}},
    {"SparseSegmentSum", {"SparseSegmentSum"}},
    {"SparseToDense", {"SparseToDense", "outputShape=<1? ^0231"}},
    {"Split", {"SplitV", "axis=<0 numOrSizeSplits=num_split @num_split"}},
    {"SplitV", {"SplitV", "numOrSizeSplits=<1 axis=<2 @num_split"}},
    {"Sqrt", {"Sqrt"}},
    {"Square", {"Square"}},
    {"SquaredDifference", {"SquaredDifference"}},
    {"Squeeze", {"Squeeze", "axis=squeeze_dims"}},
    {"StridedSlice",
     {"StridedSlice",
      "begin=<1? end=<2? strides=<3? beginMask=begin_mask endMask=end_mask "
      "ellipsisMask=ellipsis_mask newAxisMask=new_axis_mask shrinkAxisMask=shrink_axis_mask"}},
    {"Sub", {"Sub"}},
    {"Sum", {"Sum", kReduce}},
    {"Tan", {"Tan"}},
    {"Tanh", {"Tanh"}},
    {"TensorScatterAdd", {"TensorScatterAdd"}},
    {"TensorScatterMax", {"TensorScatterMax"}},
    {"TensorScatterMin", {"TensorScatterMin"}},
    {"TensorScatterSub", {"TensorScatterSub"}},
    {"TensorScatterUpdate", {"TensorScatterUpdate"}},
    {"Tile", {"Tile", "reps=<1?"}},
    {"TopKV2", {"TopK", "k=<1? sorted=sorted @#2"}},
    {"Transpose", {"Transpose", "perm=<1?"}},
    {"TruncateDiv", {"RealDiv"}},
    {"TruncateMod", {"TruncateMod"}},
    {"TruncatedNormal",
     {"TruncatedNormal",
      "shape=<0? mean=means stdDev=stddev seed=seed seed2=seed2 !float32=dtype"}},
    {"Unique", {"Unique", "~out_idx @#2"}},
    {"UniqueV2", {"Unique", "axis=<1 ~out_idx @#2"}},
    {"Unpack", {"Unpack", "axis=axis|0 @num"}},
    {"UnsortedSegmentMax", {"UnsortedSegmentMax", "numSegments=<2?"}},
    {"UnsortedSegmentMin", {"UnsortedSegmentMin", "numSegments=<2?"}},
    {"UnsortedSegmentProd", {"UnsortedSegmentProd", "numSegments=<2?"}},
    {"UnsortedSegmentSum", {"UnsortedSegmentSum", "numSegments=<2?"}},
    {"UpperBound", {"SearchSorted", "side='right"}},
    {"Where", {"Where"}},
    {"Xdivy", {"Xdivy"}},
    {"XlaDynamicUpdateSlice", {"DynamicUpdateSlice"}},
    {"Xlogy", {"Xlogy"}},
    {"Zeros", {"Fill", "shape=<0? value=#0 dtype=T"}},
    {"ZerosLike", {"ZerosLike"}},
    {"_FusedConv2D", {"FusedConv2D", kFusedConv, build_fused}},
    {"_FusedMatMul", {"_FusedMatMul", kFusedMatMul, build_fused}},
};
constexpr auto kRows = rows_of_build<kAllRows>();

constexpr std::string_view kAliases[] = {"CheckNumerics",   "Identity", "IdentityN",
                                         "PreventGradient", "Snapshot", "StopGradient"};

// Types follow from the inputs; the rest are hints for other devices.
constexpr std::string_view kHints[] = {"N",
                                       "SrcT",
                                       "T",
                                       "TI",
                                       "Taxis",
                                       "Tdim",
                                       "Tidx",
                                       "Tindices",
                                       "Tlen",
                                       "Tmultiples",
                                       "Tnumsegments",
                                       "Tsegmentids",
                                       "TArgs",
                                       "Tpaddings",
                                       "Tparams",
                                       "Tperm",
                                       "Tshape",
                                       "U",
                                       "Index",
                                       "index_type",
                                       "num_args",
                                       "out_type",
                                       "output_type",
                                       "use_cudnn_on_gpu",
                                       "validate_indices",
                                       "explicit_paddings",
                                       "T_threshold",
                                       "Tindex"};

}  // namespace

std::span<const TfRow> tf_rows() { return kRows; }

const TfRow* find_tf_row(std::string_view op) {
  const auto row = std::ranges::find(kRows, op, &TfRow::op);
  return row == kRows.end() ? nullptr : &*row;
}

bool is_alias(std::string_view op) { return std::ranges::find(kAliases, op) != std::end(kAliases); }

bool is_hint(std::string_view attr) {
  return attr.starts_with('_') || std::ranges::find(kHints, attr) != std::end(kHints);
}

}  // namespace wxnn
