#include <algorithm>
#include <cmath>
#include <numeric>

#include "op_test.h"

namespace wxnn {
namespace {

struct Box {
  float y0, x0, y1, x1;
};
Box box_at(const HostTensor& boxes, int32_t i) {
  const float* b = boxes.data().data() + 4 * i;
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}
float overlap(const Box& a, const Box& b) {
  const float h = std::max(0.0f, std::min(a.y1, b.y1) - std::max(a.y0, b.y0));
  const float w = std::max(0.0f, std::min(a.x1, b.x1) - std::max(a.x0, b.x0));
  const float area_a = (a.y1 - a.y0) * (a.x1 - a.x0), area_b = (b.y1 - b.y0) * (b.x1 - b.x0);
  if (area_a <= 0 || area_b <= 0) return 0;
  return h * w / (area_a + area_b - h * w);
}

// From the definition: take the best that is left, drop all that overlap it.
std::vector<int32_t> hard(const HostTensor& boxes, const HostTensor& scores, int32_t most,
                          float iou, float least) {
  std::vector<int32_t> left, chosen;
  for (int32_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > least) left.push_back(i);
  }
  std::stable_sort(left.begin(), left.end(), [&](int a, int b) { return scores[a] > scores[b]; });
  for (const int32_t i : left) {
    if (static_cast<int32_t>(chosen.size()) == most) break;
    const bool free = std::ranges::none_of(
        chosen, [&](int32_t j) { return overlap(box_at(boxes, i), box_at(boxes, j)) >= iou; });
    if (free) chosen.push_back(i);
  }
  return chosen;
}

TEST(NonMaxSuppression, Hard) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 40; ++round) {
    const int32_t n = random.between(0, 40);
    const HostTensor boxes = random.tensor({n, 4}, 0, 1);
    HostTensor scores = random.tensor({n}, 0, 1);
    for (float& s : scores.data()) s = std::round(s * 8) / 8;  // ties
    const int32_t most = random.between(0, 12);
    const float iou = random.uniform(0.05f, 0.6f), least = random.uniform(-0.1f, 0.5f);
    const std::vector<int32_t> want = hard(boxes, scores, most, iou, least);

    OpTest v3("NonMaxSuppressionV3");
    v3.attr("maxOutputSize", most).attr("iouThreshold", iou).attr("scoreThreshold", least);
    const HostTensor y = v3({boxes, scores});
    ASSERT_EQ(y.size(), static_cast<int32_t>(want.size()));
    for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(y.data<int32_t>()[i], want[i]);

    OpTest v4("NonMaxSuppressionV4", 2);
    v4.attr("maxOutputSize", most).attr("iouThreshold", iou).attr("scoreThreshold", least);
    std::vector<HostTensor> pair;
    ASSERT_OK(v4.run({boxes, scores}, &pair));
    EXPECT_TRUE(pair[0].same_bytes(y));
    EXPECT_EQ(pair[1].data<int32_t>()[0], y.size());

    OpTest v5("NonMaxSuppressionV5", 3);
    v5.attr("padToMaxOutputSize", 1);
    std::vector<HostTensor> all;
    ASSERT_OK(v5.run({boxes, scores, HostTensor::i32({1}, {most}), HostTensor({}, {iou}),
                      HostTensor({}, {least}), HostTensor({}, {0.0f})},
                     &all));
    ASSERT_EQ(all[0].size(), most);
    EXPECT_EQ(all[2].data<int32_t>()[0], static_cast<int32_t>(want.size()));
    for (int32_t i = 0; i < most; ++i) {
      const bool there = i < static_cast<int32_t>(want.size());
      EXPECT_EQ(all[0].data<int32_t>()[i], there ? want[i] : 0);
      EXPECT_EQ(all[1][i], there ? scores[want[i]] : 0);
    }
  }
}

TEST(NonMaxSuppression, Soft) {
  // Two boxes that share a third: the second loses exp(-iou^2 / (2 sigma)) of its score and comes
  // behind the third.
  const HostTensor boxes({3, 4}, {0, 0, 1, 1, 0, 0.5f, 1, 1.5f, 5, 5, 6, 6});
  const HostTensor scores({3}, {0.9f, 0.8f, 0.7f});
  OpTest op("NonMaxSuppressionV5", 3);
  op.attr("maxOutputSize", 3).attr("iouThreshold", 0.9).attr("softNmsSigma", 0.1);
  std::vector<HostTensor> y;
  ASSERT_OK(op.run({boxes, scores}, &y));
  const int32_t order[] = {0, 2, 1};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(y[0].data<int32_t>()[i], order[i]);
  EXPECT_NEAR(y[1][2], 0.8f * std::exp(-1.0f / 9 / 0.2f), 1e-6f);
  EXPECT_EQ(y[2].data<int32_t>()[0], 3);
}

TEST(NonMaxSuppression, OddNumbersEnd) {
  HostTensor boxes({4, 4},
                   {NAN, 0, 1, 1, -INFINITY, 0, INFINITY, INFINITY, 0, 0, 0, 0, 0, 0, 1, 1});
  const HostTensor scores({4}, {INFINITY, 3, NAN, 1});
  OpTest op("NonMaxSuppressionV5", 3);
  op.attr("maxOutputSize", 4).attr("softNmsSigma", 0.01);
  std::vector<HostTensor> y;
  ASSERT_OK(op.run({boxes, scores}, &y));
  EXPECT_LE(y[2].data<int32_t>()[0], 4);
  EXPECT_SAYS(op.run({boxes, HostTensor({3})}, &y),
              "do not give one score for each of boxes [4,4]");
}

float sample(const HostTensor& image, int32_t n, float y, float x, int32_t c, bool nearest) {
  const Shape& s = image.shape();
  const auto at = [&](int32_t i, int32_t k) {
    return image[((n * s[1] + i) * s[2] + k) * s[3] + c];
  };
  if (nearest)
    return at(static_cast<int32_t>(std::floor(y + 0.5f)),
              static_cast<int32_t>(std::floor(x + 0.5f)));
  const int32_t t = static_cast<int32_t>(std::floor(y)), l = static_cast<int32_t>(std::floor(x));
  const int32_t b = static_cast<int32_t>(std::ceil(y)), r = static_cast<int32_t>(std::ceil(x));
  const float fy = y - static_cast<float>(t), fx = x - static_cast<float>(l);
  const float top = at(t, l) * (1 - fx) + at(t, r) * fx;
  const float bottom = at(b, l) * (1 - fx) + at(b, r) * fx;
  return top * (1 - fy) + bottom * fy;
}

TEST(CropAndResize, AgainstSamples) {
  Random random(11);
  for (const char* method : {"bilinear", "nearest"}) {
    for (int round = 0; round < 6; ++round) {
      const Shape s{2, random.between(1, 6), random.between(1, 6), 3};
      const HostTensor image = random.tensor(s), boxes = random.tensor({4, 4}, -0.2f, 1.2f);
      const HostTensor index = random.tensor_i32({4}, 0, 1);
      const int32_t h = random.between(1, 4), w = random.between(1, 4);
      OpTest op("CropAndResize");
      op.attr("cropSize", {static_cast<double>(h), static_cast<double>(w)})
          .attr("method", method)
          .attr("extrapolationValue", -7);
      const HostTensor y = op({image, boxes, index});
      ASSERT_EQ(y.shape(), (Shape{4, h, w, 3}));
      print_bits(sentence<"crop_{}_{}">(method, round), y);
      for (int32_t k = 0; k < y.size(); ++k) {
        const int32_t c = k % 3, ox = k / 3 % w, oy = k / 3 / w % h, b = k / 3 / w / h;
        const float* box = boxes.data().data() + 4 * b;
        const auto place = [](float a, float z, int32_t length, int32_t i, int32_t n) {
          const float way = static_cast<float>(length - 1);
          if (n == 1) return 0.5f * (a + z) * way;
          return a * way + static_cast<float>(i) * ((z - a) * way / static_cast<float>(n - 1));
        };
        const float py = place(box[0], box[2], s[1], oy, h),
                    px = place(box[1], box[3], s[2], ox, w);
        const bool inside = py >= 0 && py <= static_cast<float>(s[1] - 1) && px >= 0 &&
                            px <= static_cast<float>(s[2] - 1);
        const float want =
            inside ? sample(image, index.data<int32_t>()[b], py, px, c, method[0] == 'n') : -7;
        EXPECT_NEAR(y[k], want, 1e-5f) << k;
      }
    }
  }
}

TEST(CropAndResize, Refusals) {
  OpTest op("CropAndResize");
  op.attr("cropSize", {2, 2});
  std::vector<HostTensor> y;
  EXPECT_SAYS(op.run({HostTensor({1, 4, 4, 1}), HostTensor({1, 4}, {0, 0, 1, 1}),
                      HostTensor::i32({1}, {1})},
                     &y),
              "boxInd 1 is outside image [1,4,4,1]");
  EXPECT_SAYS(op.run({HostTensor({1, 0, 4, 1}), HostTensor({1, 4}), HostTensor::i32({1}, {0})}, &y),
              "with pixels");
}

// Two anchors apart and a third on the first.
TEST(DetectionPostProcess, BothKinds) {
  const HostTensor encodings({1, 3, 4}, {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  const HostTensor anchors(
      {3, 4}, {0.5f, 0.5f, 0.4f, 0.2f, 0.1f, 0.1f, 0.2f, 0.2f, 0.52f, 0.5f, 0.4f, 0.2f});
  // background, then two classes
  const HostTensor scores({1, 3, 3}, {0, 0.9f, 0.3f, 0, 0.2f, 0.8f, 0, 0.7f, 0.6f});
  OpTest op("DetectionPostProcess", 4);
  op.attr("maxDetections", 4).attr("nmsScoreThreshold", 0.5).attr("nmsIouThreshold", 0.5);
  op.attr("numClasses", 2).attr("yScale", 10).attr("xScale", 10);
  op.attr("hScale", 5).attr("wScale", 5);
  const auto run = [&](bool regular, std::vector<HostTensor>* y) {
    return op.attr("useRegularNms", regular).run({encodings, scores, anchors}, y);
  };
  const auto expect = [](const std::vector<HostTensor>& y,
                         std::vector<std::pair<float, float>> want) {
    EXPECT_EQ(y[3][0], static_cast<float>(want.size()));
    for (size_t i = 0; i < 4; ++i) {
      const bool there = i < want.size();
      EXPECT_EQ(y[1][static_cast<int32_t>(i)], there ? want[i].first : 0) << i;
      EXPECT_EQ(y[2][static_cast<int32_t>(i)], there ? want[i].second : 0) << i;
    }
  };
  std::vector<HostTensor> y;
  ASSERT_OK(run(false, &y));
  expect(y, {{0, 0.9f}, {1, 0.8f}});
  const float box[] = {0.3f, 0.4f, 0.7f, 0.6f};  // centre, half the size either way
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y[0][i], box[i], 1e-6f);
  EXPECT_NEAR(y[0][4], 0.1f + 1.0f / 10 * 0.2f - 0.1f,
              1e-6f);  // moved down by a tenth of its height
  ASSERT_OK(run(true, &y));
  expect(y, {{0, 0.9f}, {1, 0.8f}, {1, 0.6f}});
  print_bits("detection_boxes", y[0]);
  HostTensor bad = anchors;
  bad.data()[2] = -1;
  EXPECT_SAYS(op.run({encodings, scores, bad}, &y), "box 0 is decoded to none");
  op.attr("numClasses", 5);
  EXPECT_SAYS(op.run({encodings, scores, anchors}, &y), "do not give 5 classes");
}

}  // namespace
}  // namespace wxnn
