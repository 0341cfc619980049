// The part of the C ABI that runs single operators for tfjs: abi.md says what each function
// promises.
#include "core/eager.h"
#include "core/json.h"
#include "wasm/error.h"

#define WXNN_EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace wxnn {
namespace {

// A tensor as JavaScript writes it, 11 words of the heap.
struct Slot {
  uint32_t data;
  int32_t dtype;  // kAbsentSlot: no tensor
  int32_t rank;
  int32_t dims[Shape::kMaxRank];
};
static_assert(sizeof(Slot) == 44);
constexpr int32_t kAbsentSlot = -1;

struct Area {
  Vector<Slot> slots;
  Vector<double> numbers;
  Vector<Tensor> inputs, outputs;
  Vector<const Tensor*> pointers;
  Eager eager;
};

Area& area() {
  static Area* made = new Area;
  return *made;
}

bool read_slot(const Slot& slot, Tensor* t) {
  if (slot.rank < 0 || slot.rank > Shape::kMaxRank || slot.dtype < 0 ||
      slot.dtype > static_cast<int32_t>(DType::kComplex64)) {
    return false;
  }
  t->dtype = static_cast<DType>(slot.dtype);
  t->shape = Shape(std::span<const int32_t>(slot.dims, static_cast<size_t>(slot.rank)));
  t->data = reinterpret_cast<void*>(static_cast<uintptr_t>(slot.data));
  return t->shape.is_known() && t->shape.fits();
}

void write_slot(const Tensor& t, Slot* slot) {
  slot->data = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(t.data));
  slot->dtype = static_cast<int32_t>(t.dtype);
  slot->rank = t.shape.rank();
  for (int i = 0; i < slot->rank; ++i) slot->dims[i] = t.shape[i];
}

Status run(size_t op, size_t numbers, size_t inputs, size_t outputs) {
  Area& a = area();
  WXNN_CHECK(op < ops().size() && numbers <= a.numbers.size() && inputs <= a.slots.size() &&
                 outputs <= a.slots.size(),
             "there is no such operator, or more is passed than there is room for");
  a.inputs.resize(inputs);
  a.pointers.resize(inputs);
  a.outputs.resize(outputs);
  for (size_t i = 0; i < inputs; ++i) {
    const bool is_absent = a.slots[i].dtype == kAbsentSlot;
    WXNN_CHECK(is_absent || read_slot(a.slots[i], &a.inputs[i]),
               "{}: input {} does not fit in memory", ops()[op]->name, i);
    a.pointers[i] = is_absent ? nullptr : &a.inputs[i];
  }
  WXNN_TRY(a.eager.run(*ops()[op], std::span(a.numbers).first(numbers), a.pointers, a.outputs));
  for (size_t i = 0; i < outputs; ++i) write_slot(a.outputs[i], &a.slots[i]);
  return {};
}

template <class List, class One>
void json_list(String& to, std::string_view key, const List& list, One one) {
  to += sentence<",\"{}\":[">(key);
  bool first = true;
  for (const auto& item : list) {
    if (!first) to += ',';
    first = false;
    to += "[";
    json_text(to, item.name);
    to += sentence<",{}]">(one(item));
  }
  to += ']';
}

}  // namespace
}  // namespace wxnn

using wxnn::area;

WXNN_EXPORT(wxnn_eager_ops)()->const char* {
  wxnn::String json = "[";
  for (const wxnn::Op* op : wxnn::ops()) {
    json += json.size() > 1 ? ",{\"name\":" : "{\"name\":";
    wxnn::json_text(json, op->name);
    wxnn::json_list(json, "inputs", op->inputs,
                    [](const wxnn::Port& port) { return static_cast<int>(port.traits); });
    wxnn::json_list(json, "attrs", op->attrs,
                    [](const wxnn::AttrSpec& attr) { return static_cast<int>(attr.kind); });
    json += wxnn::sentence<",\"outputs\":{},\"variadic\":{},\"view\":{}}">(
        static_cast<int>(op->outputs), static_cast<int>(op->variadic), static_cast<int>(op->view));
  }
  return wxnn::keep_text(json + "]");
}

WXNN_EXPORT(wxnn_eager_slots)(size_t count)->void* {
  if (area().slots.size() < count) area().slots.resize(count);
  return area().slots.data();
}

WXNN_EXPORT(wxnn_eager_numbers)(size_t count)->void* {
  if (area().numbers.size() < count) area().numbers.resize(count);
  return area().numbers.data();
}

WXNN_EXPORT(wxnn_eager_run)(size_t op, size_t numbers, size_t inputs, size_t outputs)->int {
  const wxnn::Status status = wxnn::run(op, numbers, inputs, outputs);
  return status.ok() ? static_cast<int>(1 + area().eager.last_plan()) : wxnn::failed(status);
}

WXNN_EXPORT(wxnn_eager_again)
(uint32_t plan, const void* a, const void* b, const void* c, const void* d)->void* {
  return area().eager.again(plan, {a, b, c, d});
}

WXNN_EXPORT(wxnn_eager_forget)(const void* data)->void { area().eager.forget(data); }

WXNN_EXPORT(wxnn_eager_clear)()->void { area().eager.clear(); }

WXNN_EXPORT(wxnn_eager_packed_bytes)()->size_t { return area().eager.packed_bytes(); }
