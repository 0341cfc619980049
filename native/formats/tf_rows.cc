#include "formats/tf_rows.h"

#include <algorithm>
#include <utility>

#include "core/build_parts.h"
#include "core/names.h"
#include "formats/list_node.h"
#include "formats/rows_of_build.h"
#include "ops/activation.h"

namespace wxnn {

namespace {

// Our name of the activation that this operator is; null where it is none.
const char* activation_of(std::string_view op) {
  for (const ActivationRow& row : activations()) {
    if (row.op != nullptr && std::string_view(row.op) == op) return row.name;
  }
  return nullptr;
}

// fused_ops: [BiasAdd], then an activation. Inputs (x, filter, bias?, alpha of Prelu?).
Status build_fused(SourceNode& node, const Recipe& recipe) {
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  bool has_bias = false;
  const char* activation = nullptr;
  for (std::string_view fused : static_cast<ListNode&>(node).texts("fused_ops")) {
    const char* const known = activation == nullptr ? activation_of(fused) : nullptr;
    const bool bias = fused == "BiasAdd" && !has_bias && activation == nullptr;
    WXNN_CHECK(bias || known != nullptr, "fused_ops has \"{}\", which is not supported here",
               fused);
    has_bias |= bias;
    activation = known;
  }
  if (!has_bias && cooked.inputs.size() > 2) {
    cooked.inputs.push_back(std::exchange(cooked.inputs[2], kAbsent));
  }
  if (activation != nullptr) WXNN_TRY(cooked.attrs.set("activation", activation));
  return emit(node, std::move(cooked));
}

Status build_while(SourceNode& node, const Recipe& recipe) {
  Cooked loop;
  WXNN_TRY(prepare(node, recipe, &loop));
  loop.bodies.resize(2);
  WXNN_TRY(static_cast<ListNode&>(node).function("cond", &loop.bodies[0]));
  WXNN_TRY(static_cast<ListNode&>(node).function("body", &loop.bodies[1]));
  node.output_count = node.inputs.size();
  return emit(node, std::move(loop));
}

Status build_if(SourceNode& node, const Recipe& recipe) {
  Cooked choice;
  WXNN_TRY(prepare(node, recipe, &choice));
  choice.bodies.resize(2);
  WXNN_TRY(static_cast<ListNode&>(node).function("then_branch", &choice.bodies[0]));
  WXNN_TRY(static_cast<ListNode&>(node).function("else_branch", &choice.bodies[1]));
  node.output_count = choice.bodies[0]->outputs.size();
  return emit(node, std::move(choice));
}

// One node of `op` for each value, which becomes the output of that number.
Status emit_each(SourceNode& node, const Recipe& recipe, const Vector<int>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    Cooked one;
    WXNN_TRY(make(recipe.op, {values[i]}, &one));
    WXNN_TRY(emit_output(node, i, std::move(one)));
  }
  return {};
}

Status build_call(SourceNode& node, const Recipe& recipe) {
  WXNN_CHECK(kBuildParts.flow && find_op("If") != nullptr,
             "calls a function, which takes If, which this build does not have");
  Cooked ignored;
  WXNN_TRY(prepare(node, recipe, &ignored));
  Vector<int> results;
  WXNN_TRY(static_cast<ListNode&>(node).call("f", &results));
  return emit_each(node, recipe, results);
}

Status build_shape_n(SourceNode& node, const Recipe& recipe) {
  return emit_each(node, recipe, node.inputs);
}

// Output 0 of a TensorArrayV3 is a handle, which says nothing; output 1, its flow, is the list.
Status build_tensor_array(SourceNode& node, const Recipe& recipe) {
  Cooked list;
  WXNN_TRY(prepare(node, recipe, &list));
  if (!list.inputs.empty()) list.inputs.insert(list.inputs.begin(), kAbsent);  // elementShape
  WXNN_TRY(emit_output(node, 1, std::move(list)));
  const int32_t zero = 0;
  int constant = kAbsent;
  WXNN_TRY(node.graph.add_constant(sentence<"{}/handle">(node.name), {DType::kInt32, {}}, &zero,
                                   &constant));
  return emit_each(node, {"Identity"}, {constant});
}

// Inputs (tensor, indices, element_shape, num_elements?): a fresh list, then its rows.
Status build_scatter(SourceNode& node, const Recipe& recipe) {
  Cooked fresh;
  WXNN_TRY(prepare(node, recipe, &fresh));
  const std::span<const double> count = fresh.attrs.numbers("numElements");
  const bool open = node.inputs.size() < 4 || (count.size() == 1 && count[0] < 0);
  Cooked list;
  WXNN_CHECK(node.inputs.size() >= 3, "lacks inputs");
  WXNN_TRY(make("TensorListSetItem", {kAbsent, node.inputs[0], node.inputs[1]}, &list));
  WXNN_TRY(list.attrs.set("grow", open));
  WXNN_TRY(emit_before(node, "/list", std::move(fresh), &list.inputs[0]));
  return emit(node, std::move(list));
}

// The table itself needs no node: who reads it gets what it was filled with.
Status build_table(SourceNode& node, const Recipe& recipe) {
  Cooked ignored;
  return prepare(node, recipe, &ignored);
}

Status build_find(SourceNode& node, const Recipe& recipe) {
  Cooked find;
  WXNN_TRY(prepare(node, recipe, &find));
  find.inputs.resize(4, kAbsent);
  WXNN_TRY(static_cast<ListNode&>(node).table(&find.inputs[2], &find.inputs[3]));
  return emit(node, std::move(find));
}

Status build_table_size(SourceNode& node, const Recipe&) {
  int keys = kAbsent, values = kAbsent;
  WXNN_TRY(static_cast<ListNode&>(node).table(&keys, &values));
  return emit_each(node, {"Size"}, {keys});
}

// The root of the sum of squares.
Status build_euclidean_norm(SourceNode& node, const Recipe& recipe) {
  Cooked square, sum, root;
  WXNN_TRY(prepare(node, {"Sum", recipe.terms}, &sum));
  WXNN_CHECK(!sum.inputs.empty(), "lacks its input");
  WXNN_TRY(make("Square", {sum.inputs[0]}, &square));
  WXNN_TRY(emit_before(node, "/square", std::move(square), &sum.inputs[0]));
  WXNN_TRY(make("Sqrt", {kAbsent}, &root));
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
  WXNN_CHECK(node.inputs.size() == 3, "has {} inputs, should have three", node.inputs.size());
  const int high = node.inputs[2];
  node.inputs.pop_back();
  WXNN_TRY(prepare(node, {"Maximum"}, &low));
  WXNN_TRY(make("Minimum", {kAbsent, high}, &clip));
  WXNN_TRY(emit_before(node, "/low", std::move(low), clip.inputs.data()));
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
constexpr const char* kLoop = "~output_shapes ~parallel_iterations";
constexpr const char* kBranch = "~output_shapes";
constexpr const char* kTable =
    "~key_dtype ~value_dtype ~container ~shared_name ~use_node_name_sharing";
constexpr const char* kScatter = "elementShape=<2? numElements=<3? elementDType=element_dtype ^23";
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
    {"AddN", {"Add", "", cook_sum}},
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
      WXNN_NHWC "inputShape=<0? strides=strides.hw pad=padding.pad dilations=dilations.hw ^21--0"}},
    {"Conv3D",
     {"Conv3D",
      "!NDHWC=data_format|NDHWC strides=strides.dhw pad=padding.pad dilations=dilations.dhw"}},
    {"Conv3DBackpropInputV2",
     {"Conv3DBackpropInputV2",
      "!NDHWC=data_format|NDHWC inputShape=<0? strides=strides.dhw pad=padding.pad "
      "dilations=dilations.dhw ^21-0"}},
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
    {"EmptyTensorList", {"TensorListReserve", "elementShape=<0? elementDType=element_dtype ^0"}},
    {"Equal", {"Equal", "~incompatible_shape_error"}},
    {"Erf", {"Erf"}},
    {"EuclideanNorm", {"Square", kReduce, build_euclidean_norm}},
    {"Exit", {"While"}},  // of a loop: see node_list_v1.h
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
    {"HashTable", {"LookupTableFind", kTable, build_table}},
    {"HashTableV2", {"LookupTableFind", kTable, build_table}},
    {"If", {"If", kBranch, build_if}},
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
    {"LookupTableFind", {"LookupTableFind", "^12", build_find}},
    {"LookupTableFindV2", {"LookupTableFind", "^12", build_find}},
    {"LookupTableSize", {"LookupTableFind", "", build_table_size}},
    {"LookupTableSizeV2", {"LookupTableFind", "", build_table_size}},
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
    {"Merge", {"If"}},  // of a condition: see node_list_v1.h
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
    {"NotEqual", {"NotEqual", "~incompatible_shape_error"}},
    {"OneHot", {"OneHot", "depth=<1? onValue=<2? offValue=<3? axis=axis|-1 dtype=T"}},
    {"Ones", {"Fill", "shape=<0? value=#1 dtype=T"}},
    {"OnesLike", {"OnesLike"}},
    {"Pack", {"Pack", "axis=axis|0"}},
    {"Pad", {"PadV2", "paddings=<1? constantValue=#0"}},
    {"PadV2", {"PadV2", "paddings=<1? constantValue=<2?"}},
    {"PartitionedCall", {"Identity", "~config ~config_proto ~executor_type", build_call}},
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
    {"ShapeN", {"Shape", "", build_shape_n}},
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
    {"StatefulPartitionedCall", {"Identity", "~config ~config_proto ~executor_type", build_call}},
    {"StatelessIf", {"If", kBranch, build_if}},
    {"StatelessWhile", {"While", kLoop, build_while}},
    {"StridedSlice",
     {"StridedSlice",
      "begin=<1? end=<2? strides=<3? beginMask=begin_mask endMask=end_mask "
      "ellipsisMask=ellipsis_mask newAxisMask=new_axis_mask shrinkAxisMask=shrink_axis_mask"}},
    {"Sub", {"Sub"}},
    {"Sum", {"Sum", kReduce}},
    {"Tan", {"Tan"}},
    {"Tanh", {"Tanh"}},
    {"TensorArrayConcatV3", {"TensorListConcat", "~dtype ~element_shape_except0 ^1 @#2"}},
    {"TensorArrayGatherV3", {"GatherV2", "axis=#0 ~dtype ~element_shape ^21"}},
    {"TensorArrayReadV3", {"GatherV2", "axis=#0 ~dtype ^21"}},
    {"TensorArrayScatterV3", {"TensorListSetItem", "grow=dynamic_size.array ^321"}},
    {"TensorArraySizeV3", {"TensorListLength", "^1"}},
    {"TensorArraySplitV3", {"TensorListSplit", "^12"}},
    {"TensorArrayV3",
     {"TensorListReserve",
      "elementDType=dtype elementShape=element_shape numElements=<0? ~dynamic_size "
      "~clear_after_read ~identical_element_shapes ~tensor_array_name",
      build_tensor_array}},
    {"TensorArrayWriteV3", {"TensorListSetItem", "grow=dynamic_size.array ^321"}},
    {"TensorListConcat", {"TensorListConcat", "~element_shape ^0 @#2"}},
    {"TensorListConcatV2", {"TensorListConcat", "^0 @#2"}},
    {"TensorListFromTensor", {"Identity", "^0"}},
    {"TensorListGather", {"GatherV2", "axis=#0 ^01"}},
    {"TensorListGetItem", {"GatherV2", "axis=#0 ^01"}},
    {"TensorListLength", {"TensorListLength"}},
    {"TensorListPopBack", {"TensorListPopBack", "^0 @#2"}},
    {"TensorListPushBack", {"TensorListSetItem"}},
    {"TensorListReserve",
     {"TensorListReserve", "elementShape=<0? numElements=<1? elementDType=element_dtype"}},
    {"TensorListResize", {"TensorListResize", "size=<1?"}},
    {"TensorListScatter", {"TensorListReserve", kScatter, build_scatter}},
    {"TensorListScatterIntoExistingList", {"TensorListSetItem"}},
    {"TensorListScatterV2", {"TensorListReserve", kScatter, build_scatter}},
    {"TensorListSetItem", {"TensorListSetItem", "grow=resize_if_index_out_of_bounds ^021"}},
    {"TensorListSplit", {"TensorListSplit", "^02"}},
    {"TensorListStack", {"Identity", "~num_elements ^0"}},
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
    {"While", {"While", kLoop, build_while}},
    {"Xdivy", {"Xdivy"}},
    {"XlaDynamicUpdateSlice", {"DynamicUpdateSlice"}},
    {"Xlogy", {"Xlogy"}},
    {"Zeros", {"Fill", "shape=<0? value=#0 dtype=T"}},
    {"ZerosLike", {"ZerosLike"}},
    {"_FusedConv2D", {"FusedConv2D", kFusedConv, build_fused}},
    {"_FusedMatMul", {"_FusedMatMul", kFusedMatMul, build_fused}},
};
// Rows of operators that every build has, which only graphs with functions and lists use.
constexpr bool is_flow(const TfRow& row) {
  return row.recipe.build == build_call || std::string_view(row.op).starts_with("TensorList");
}
constexpr auto kRows = rows_of_build<kAllRows, kHasFlow ? nullptr : is_flow>();

// FakeQuantWithMinMaxVars: as TensorFlow.js has it, a note about training.
constexpr const char* kAliases =
    "CheckNumerics EnsureShape FakeQuantWithMinMaxVars Identity IdentityN Print PreventGradient "
    "Snapshot StopGradient PlaceholderWithDefault";

// Types follow from the inputs; the rest are hints for other devices.
constexpr const char* kHints =
    "N SrcT U Index element_dtype index_type num_args out_type output_type shape_type "
    "use_cudnn_on_gpu validate_indices explicit_paddings";

}  // namespace

constinit const RecipeTerms kTfTerms = terms_of(kRows);

std::span<const TfRow> tf_rows() { return kRows; }

const TfRow* find_tf_row(std::string_view op) {
  const auto row = std::ranges::find_if(kRows, [op](const TfRow& r) { return r.op == op; });
  return row == kRows.end() ? nullptr : &*row;
}

bool is_alias(std::string_view op) { return is_listed(kAliases, op); }

bool is_hint(std::string_view attr) {
  // T, Tidx, Tshape and the like are types. (Truncate is Cast's, whose row asks for it.)
  return attr.starts_with('_') || attr.starts_with('T') || is_listed(kHints, attr);
}

}  // namespace wxnn
