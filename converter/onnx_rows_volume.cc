// ONNX's convolutions of three spatial dimensions, and transposed ones whose channels go in groups.
#include "converter/onnx_volume.h"

#include <algorithm>
#include <cmath>

#include "converter/onnx_image.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

constexpr size_t kAxes = 3;

struct Volume {
  Shape in, filter;  // as ONNX has them
  std::vector<double> kernel, strides, dilations, before, after;
  int group = 1;
  double span(size_t k) const { return (kernel[k] - 1) * dilations[k] + 1; }
};

Status three(OnnxNode& n, const char* name, std::vector<double>* list) {
  *list = n.list(name);
  if (list->empty()) list->assign(kAxes, 1);
  WXNN_CHECK(list->size() == kAxes, "{} has {} numbers", name, list->size());
  for (const double d : *list)
    WXNN_CHECK(d >= 1 && d <= 1 << 20, "{} has a number out of range", name);
  return {};
}

Status read_volume(OnnxNode& n, Volume* v) {
  WXNN_TRY(n.shape(0, &v->in));
  WXNN_TRY(n.shape(1, &v->filter));
  WXNN_CHECK(v->filter.rank() == 5 && v->filter.elements() > 0, "its filter is {}", v->filter);
  for (size_t k = 0; k < kAxes; ++k) v->kernel.push_back(v->filter[static_cast<int>(k) + 2]);
  const std::vector<double> said = n.list("kernel_shape");
  WXNN_CHECK(said.empty() || said == v->kernel, "kernel_shape is not the filter's");
  WXNN_TRY(three(n, "strides", &v->strides));
  WXNN_TRY(three(n, "dilations", &v->dilations));
  std::vector<double> pads = n.list("pads");
  if (pads.empty() || n.text("auto_pad", "NOTSET") != "NOTSET") pads.assign(2 * kAxes, 0);
  WXNN_CHECK(pads.size() == 2 * kAxes, "pads has {} numbers", pads.size());
  for (const double p : pads) WXNN_CHECK(p >= 0 && p <= 1 << 20, "pads has a number out of range");
  v->before.assign(pads.begin(), pads.begin() + kAxes);
  v->after.assign(pads.begin() + kAxes, pads.end());
  v->group = n.integer("group", 1);
  WXNN_CHECK(v->group >= 1, "group is not positive");
  return {};
}

// What SAME pads altogether, by the rule of its two halves.
Status halve(const std::string& mode, double total, double* before, double* after) {
  WXNN_CHECK(mode == "SAME_UPPER" || mode == "SAME_LOWER", "auto_pad \"{}\" is not known", mode);
  *before = mode == "SAME_UPPER" ? std::floor(total / 2) : std::ceil(total / 2);
  *after = total - *before;
  return {};
}

int padded(Steps& s, int x, const std::vector<double>& before, const std::vector<double>& after) {
  std::vector<double> sides(4 + 2 * before.size());
  bool any = false;
  for (size_t k = 0; k < before.size(); ++k) {
    sides[2 + 2 * k] = before[k], sides[3 + 2 * k] = after[k];
    any = any || before[k] != 0 || after[k] != 0;
  }
  return any ? s.op("PadV2", {x}, {{"paddings", sides}, {"constantValue", 0}}) : x;
}

// Parts of the last axis, one per group.
std::vector<int> parts_of(Steps& s, int x, int group) {
  if (group == 1) return {x};
  std::vector<int> parts;
  const Shape shape = s.shape(x);
  const int32_t length = shape[-1] / group;
  for (int32_t g = 0; g < group; ++g)
    parts.push_back(s.slice(x, shape.rank() - 1, g * length, length));
  return parts;
}

Status check_groups(const Volume& v, int32_t split) {
  constexpr int kMostGroups = 256;
  WXNN_CHECK(v.group <= kMostGroups && split % v.group == 0,
             "group {} does not fit the filter {}, or is more than {}", v.group, v.filter,
             kMostGroups);
  return {};
}

}  // namespace

Status conv_volume(OnnxNode& n) {
  Volume v;
  WXNN_TRY(read_volume(n, &v));
  WXNN_TRY(check_groups(v, v.filter[0]));
  WXNN_CHECK(v.in.rank() == 5 && v.in[1] == v.filter[1] * v.group,
             "group {} does not fit the input {} and the filter {}", v.group, v.in, v.filter);
  const std::string mode = n.text("auto_pad", "NOTSET");
  for (size_t k = 0; k < kAxes && mode != "NOTSET" && mode != "VALID"; ++k) {
    const double in = v.in[static_cast<int>(k) + 2];
    const double total = same_total(in, v.kernel[k], v.strides[k], v.dilations[k]);
    WXNN_TRY(halve(mode, total, &v.before[k], &v.after[k]));
  }
  Steps s(n);
  const int x = padded(s, s.in(0, channels_last(5)), v.before, v.after);
  const int filter = s.transpose(s.in(1), {2, 3, 4, 1, 0});
  const std::vector<int> xs = parts_of(s, x, v.group), filters = parts_of(s, filter, v.group);
  std::vector<int> made;
  for (size_t g = 0; g < xs.size() && s.ok(); ++g) {
    made.push_back(s.op("Conv3D", {xs[g], filters[g]},
                        {{"pad", "valid"}, {"strides", v.strides}, {"dilations", v.dilations}}));
  }
  int y = s.concat(made, 4);
  if (n.has(2)) y = s.op("Add", {y, s.in(2)});
  return s.out(0, y, channels_last(5));
}

namespace {

// Output length and what is cut off (or, where negative, added) at both ends of one axis.
Status settle_transposed(OnnxNode& n, Volume* v, std::vector<double>* out) {
  const std::string mode = n.text("auto_pad", "NOTSET");
  std::vector<double> extra = n.list("output_padding"), said = n.list("output_shape");
  if (extra.empty()) extra.assign(kAxes, 0);
  WXNN_CHECK(extra.size() == kAxes, "output_padding has {} numbers", extra.size());
  if (said.size() > kAxes) said.erase(said.begin(), said.end() - kAxes);
  WXNN_CHECK(said.empty() || said.size() == kAxes, "output_shape has {} numbers", said.size());
  for (size_t k = 0; k < kAxes; ++k) {
    const double in = v->in[static_cast<int>(k) + 2];
    const double whole = (in - 1) * v->strides[k] + v->span(k) + extra[k];
    if (!said.empty() || mode.starts_with("SAME")) {
      out->push_back(said.empty() ? in * v->strides[k] : said[k]);
      const double total = std::max(whole - out->back(), 0.0);
      WXNN_TRY(
          halve(mode == "SAME_UPPER" ? mode : "SAME_LOWER", total, &v->before[k], &v->after[k]));
    } else {
      out->push_back(whole - v->before[k] - v->after[k]);
    }
    WXNN_CHECK(out->back() >= 1 && out->back() <= 1 << 24,
               "would give an empty output, or too large a one");
  }
  return {};
}

}  // namespace

Status conv_transpose_volume(OnnxNode& n) {
  Volume v;
  std::vector<double> out;
  WXNN_TRY(read_volume(n, &v));
  WXNN_TRY(check_groups(v, v.filter[0]));
  WXNN_CHECK(v.in.rank() == 5 && v.in[1] == v.filter[0], "the filter {} does not fit the input {}",
             v.filter, v.in);
  WXNN_TRY(settle_transposed(n, &v, &out));
  Steps s(n);
  const std::vector<int> xs = parts_of(s, s.in(0, channels_last(5)), v.group);
  const std::vector<int> filters = parts_of(s, s.transpose(s.in(1), {2, 3, 4, 1, 0}), v.group);
  std::vector<double> whole = {1.0 * v.in[0], 0, 0, 0, 1.0 * v.filter[1]}, begin(5), size = whole;
  std::vector<double> none(kAxes), more(kAxes);
  for (size_t k = 0; k < kAxes; ++k) {
    const double in = v.in[static_cast<int>(k) + 2];
    whole[k + 1] = (in - 1) * v.strides[k] + v.span(k);
    begin[k + 1] = v.before[k];
    size[k + 1] = std::min(out[k], whole[k + 1] - v.before[k]);
    more[k] = out[k] - size[k + 1];
    WXNN_CHECK(size[k + 1] >= 1, "its output does not touch its input");
  }
  std::vector<int> made;
  for (size_t g = 0; g < xs.size() && s.ok(); ++g) {
    const int y = s.op("Conv3DBackpropInputV2", {xs[g], filters[g]},
                       {{"pad", "valid"},
                        {"strides", v.strides},
                        {"dilations", v.dilations},
                        {"inputShape", whole}});
    made.push_back(s.op("Slice", {y}, {{"begin", begin}, {"size", size}}));
  }
  // Places that no input reaches.
  int y = padded(s, s.concat(made, 4), none, more);
  if (n.has(2)) y = s.op("Add", {y, s.in(2)});
  return s.out(0, y, channels_last(5));
}

// Each channel, or group of channels, by itself: zeros between the pixels, then a convolution with
// the filter turned round.
Status conv_transpose_groups(OnnxNode& n, const GroupedTransposed& t) {
  Steps s(n);
  const Shape in = s.shape(t.x);  // [N,H,W,C]
  const int group = t.group;
  int z = t.x;
  constexpr double kLongest = 1 << 24;
  for (size_t k = 0; k < 2 && s.ok(); ++k) {
    const double length = t.strides[k] * in[static_cast<int>(k) + 1];
    WXNN_CHECK(
        length <= kLongest && t.out[k] <= kLongest && t.kernel[k] * t.dilations[k] <= kLongest,
        "is larger than is supported");
  }
  int32_t size[2] = {in[1], in[2]};
  const int32_t channels = in[3];
  WXNN_TRY(s.done());
  if (t.strides[1] > 1) {
    const int32_t stride = static_cast<int32_t>(t.strides[1]);
    z = s.reshape(z, {in[0] * size[0], size[1], 1, channels});
    z = s.op("PadV2", {z},
             {{"paddings", std::vector<double>{0, 0, 0, 0, 0, stride - 1.0, 0, 0}},
              {"constantValue", 0}});
    size[1] *= stride;
  }
  if (t.strides[0] > 1) {
    const int32_t stride = static_cast<int32_t>(t.strides[0]);
    z = s.reshape(z, {in[0] * size[0], 1, size[1], channels});
    z = s.op("PadV2", {z},
             {{"paddings", std::vector<double>{0, 0, 0, stride - 1.0, 0, 0, 0, 0}},
              {"constantValue", 0}});
    size[0] *= stride;
  }
  z = s.reshape(z, {in[0], size[0], size[1], channels});
  std::vector<double> begin(4), cut = {1.0 * in[0], 0, 0, 1.0 * channels}, before(2), after(2);
  for (size_t k = 0; k < 2; ++k) {
    const double span = (t.kernel[k] - 1) * t.dilations[k] + 1;
    double left = span - 1 - t.before[k], right = t.out[k] + span - 1 - left - size[k];
    begin[k + 1] = std::max(-left, 0.0);
    cut[k + 1] = size[k] - begin[k + 1] - std::max(-right, 0.0);
    before[k] = std::max(left, 0.0), after[k] = std::max(right, 0.0);
    WXNN_CHECK(cut[k + 1] >= 1, "its output does not touch its input");
  }
  z = padded(s, s.op("Slice", {z}, {{"begin", begin}, {"size", cut}}), before, after);
  // [in, out of a group, H, W], turned round.
  const Shape f = s.shape(t.filter);
  WXNN_TRY(s.done());
  const int32_t outs = f[1], ins = channels / group;
  int w = s.op("Reverse", {t.filter}, {{"dims", std::vector<double>{2}}});
  w = s.op("Reverse", {w}, {{"dims", std::vector<double>{3}}});
  const std::vector<Setting> slides = {
      {"pad", "valid"}, {"strides", std::vector<double>{1, 1}}, {"dilations", t.dilations}};
  const auto with = [&](const char* format) {
    std::vector<Setting> all = slides;
    all.push_back({"filterFormat", format});
    return all;
  };
  if (ins == 1) {
    w = s.reshape(s.transpose(w, {2, 3, 0, 1}), {f[2], f[3], channels, outs});
    const int y = s.op("FusedDepthwiseConv2D", {z, w, t.bias}, with("HWCM"));
    WXNN_TRY(s.done());
    return give_image(n, t.like, y);
  }
  constexpr int kMostGroups = 256;
  WXNN_CHECK(group <= kMostGroups, "group {} is more than {}", group, kMostGroups);
  w = s.transpose(w, {1, 2, 3, 0});  // [outs, H, W, in of all groups]
  const std::vector<int> zs = parts_of(s, z, group), ws = parts_of(s, w, group);
  std::vector<int> made;
  for (size_t g = 0; g < zs.size() && s.ok(); ++g)
    made.push_back(s.op("FusedConv2D", {zs[g], ws[g]}, with("OHWI")));
  int y = s.concat(made, 3);
  if (t.bias != kAbsent) y = s.op("Add", {y, t.bias});
  WXNN_TRY(s.done());
  return give_image(n, t.like, y);
}

}  // namespace wxnn
