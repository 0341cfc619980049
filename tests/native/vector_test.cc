#include "core/vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/string.h"

namespace wxnn {
namespace {

// Values of each kind of element: bytes, what owns memory, and structs of them.
struct Named {
  String name;
  Vector<int> numbers;
  std::unique_ptr<int> own;
  int64_t number = 7;
  bool operator==(const Named& other) const {
    return name == other.name && numbers == other.numbers && number == other.number &&
           (own == nullptr) == (other.own == nullptr) && (own == nullptr || *own == *other.own);
  }
};

// Long and short texts.
String text_of(int i) { return String(std::string(static_cast<size_t>(i % 40), 'a' + i % 26)); }

template <class T>
T make(int i) {
  if constexpr (std::is_same_v<T, String>) {
    return text_of(i);
  } else if constexpr (std::is_same_v<T, Vector<String>>) {
    T list;
    for (int k = 0; k < i % 3; ++k) list.push_back(text_of(i + k));
    return list;
  } else if constexpr (std::is_same_v<T, Named>) {
    Named named{text_of(i), {i, i + 1}, i % 2 == 0 ? std::make_unique<int>(i) : nullptr};
    named.number = i;
    return named;
  } else {
    return static_cast<T>(i);
  }
}

template <class T>
void expect_same(const Vector<T>& ours, const std::vector<T>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_EQ(ours.empty(), theirs.empty());
  ASSERT_GE(ours.capacity(), ours.size());
  ASSERT_TRUE(std::ranges::equal(ours, theirs));
  if (!theirs.empty()) {
    ASSERT_TRUE(ours.front() == theirs.front());
    ASSERT_TRUE(ours.back() == theirs.back());
  }
}

// One random operation on both.
template <class T>
void change(std::mt19937& random, Vector<T>& ours, std::vector<T>& theirs) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const size_t size = theirs.size();
  const int number = static_cast<int>(below(120));
  const size_t at = below(size + 1), to = at + below(size - at + 1);
  switch (below(14)) {
    case 0:
      ours.clear();
      theirs.clear();
      break;
    case 1:
      ours.resize(below(30));
      theirs.resize(ours.size());
      break;
    case 2:
      ours.reserve(below(60));
      break;
    case 3:
      if (size != 0) {
        ours.pop_back();
        theirs.pop_back();
      }
      break;
    case 4:
      ours.erase(ours.begin() + at, ours.begin() + to);
      theirs.erase(theirs.begin() + at, theirs.begin() + to);
      break;
    case 5:
      ours.insert(ours.begin() + at, make<T>(number));
      theirs.insert(theirs.begin() + at, make<T>(number));
      break;
    case 6: {
      Vector<T> moved = std::move(ours);
      EXPECT_TRUE(ours.empty());
      moved.emplace_back(make<T>(number));
      ours = std::move(moved);
      theirs.push_back(make<T>(number));
      break;
    }
    case 7:
      erase_if(ours, [&](const T& x) { return x == make<T>(number % 30); });
      std::erase_if(theirs, [&](const T& x) { return x == make<T>(number % 30); });
      break;
    case 8:
      if constexpr (std::is_copy_constructible_v<T>) {
        ours.assign(at, make<T>(number));
        theirs.assign(at, make<T>(number));
      }
      break;
    case 9:
      if constexpr (std::is_copy_constructible_v<T>) {
        Vector<T> copy = ours;
        EXPECT_TRUE(copy == ours);
        copy.push_back(make<T>(number));
        ours = copy;
        theirs.push_back(make<T>(number));
      }
      break;
    case 10:  // an element of its own, which moves when it grows
      if constexpr (std::is_copy_constructible_v<T>) {
        if (size != 0) {
          ours.push_back(ours[at % size]);
          theirs.push_back(T(theirs[at % size]));
        }
      }
      break;
    case 11:
      if constexpr (std::is_copy_constructible_v<T>) {
        const std::vector<T> more = {make<T>(number), make<T>(number + 1), make<T>(number + 2)};
        ours.insert(ours.begin() + at, more.begin(), more.end());
        theirs.insert(theirs.begin() + at, more.begin(), more.end());
        expect_same(Vector<T>(more), more);
      }
      break;
    case 12:
      if constexpr (std::is_copy_constructible_v<T>) {
        ours.resize(to, make<T>(number));
        theirs.resize(to, make<T>(number));
      }
      break;
    default:
      ours.push_back(make<T>(number));
      theirs.push_back(make<T>(number));
  }
}

template <class T>
class VectorOf : public testing::Test {};
using Kinds = testing::Types<uint8_t, int, double, std::string_view, String, Vector<String>, Named>;

// A view of nothing for the kind that is a view.
template <>
std::string_view make<std::string_view>(int i) {
  return std::string_view("abcdefghijklmnopqrstuvwxyz").substr(static_cast<size_t>(i % 26));
}

TYPED_TEST_SUITE(VectorOf, Kinds);

TYPED_TEST(VectorOf, HoldsWhatStdVectorHolds) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    Vector<TypeParam> ours;
    std::vector<TypeParam> theirs;
    for (int step = 0; step < 150; ++step) {
      change(random, ours, theirs);
      ASSERT_NO_FATAL_FAILURE(expect_same(ours, theirs)) << "round " << round << ", step " << step;
    }
  }
}

TEST(Vector, BeginsWithValues) {
  EXPECT_EQ(Vector<int>(3), (Vector<int>{0, 0, 0}));
  EXPECT_EQ(Vector<int>(3, 4), (Vector<int>{4, 4, 4}));
  const std::vector<int> list = {1, 2, 3};
  EXPECT_EQ(Vector<int>(list.begin() + 1, list.end()), (Vector<int>{2, 3}));
  Vector<int> self = {5, 6};
  self = *&self;
  EXPECT_EQ(self, (Vector<int>{5, 6}));
}

TEST(String, HoldsWhatStdStringHolds) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  String ours;
  std::string theirs;
  for (int step = 0; step < 3000; ++step) {
    const String text = text_of(static_cast<int>(random() % 200));
    switch (random() % 8) {
      case 0:
        ours.clear();
        theirs.clear();
        break;
      case 1:
        ours += 'x';
        theirs += 'x';
        break;
      case 2:
        if (!theirs.empty()) {
          ours.pop_back();
          theirs.pop_back();
        }
        break;
      case 3:
        ours = text;
        theirs = std::string_view(text);
        break;
      case 4:
        ours = ours + text;
        theirs = theirs + std::string(text);
        break;
      case 5: {
        String moved = std::move(ours);
        EXPECT_TRUE(ours.empty());
        ours = std::move(moved);
        break;
      }
      case 6:  // a part of itself
        ours = ours.substr(ours.size() / 2);
        theirs = theirs.substr(theirs.size() / 2);
        break;
      default:
        ours += text;
        theirs += std::string_view(text);
    }
    ASSERT_EQ(ours, theirs) << "step " << step;
    ASSERT_EQ(ours.c_str()[ours.size()], 0);
    ASSERT_EQ(std::string(ours), theirs);
    ASSERT_EQ(ours < text, theirs < std::string(text));
    ASSERT_EQ(ours.find("aa"), theirs.find("aa"));
    ASSERT_EQ(ours.starts_with(text), theirs.starts_with(std::string_view(text)));
  }
}

}  // namespace
}  // namespace wxnn
