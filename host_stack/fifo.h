// A queue that holds no memory while it is empty, as most queues of most connections are.
// std::deque keeps more than 500 bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace tlsnic::host {

// T: cheap to move, and then empty. References and iterators are valid until the next push or pop.
template <typename T>
class Fifo {
 public:
  bool empty() const { return first_ == items_.size(); }
  std::size_t size() const { return items_.size() - first_; }

  T& operator[](std::size_t i) { return items_[first_ + i]; }
  const T& operator[](std::size_t i) const { return items_[first_ + i]; }
  T& front() { return items_[first_]; }
  const T& front() const { return items_[first_]; }
  T& back() { return items_.back(); }
  const T& back() const { return items_.back(); }
  auto begin() const { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto end() const { return items_.end(); }

  void push_back(T item) {
    if (items_.size() == items_.capacity()) make_room();
    items_.push_back(std::move(item));
  }
  void push_front(T item) {
    if (first_ == 0)
      items_.insert(items_.begin(), std::move(item));
    else
      items_[--first_] = std::move(item);
  }
  void pop_front() {
    [[maybe_unused]] const T gone = std::move(items_[first_]);
    if (++first_ == items_.size()) clear();
  }
  void clear() {
    items_ = std::vector<T>();
    first_ = 0;
  }

 private:
  // Items move down as soon as half of the room is before them, so that each moves once on average.
  void make_room() {
    if (first_ >= std::max<std::size_t>(items_.size() / 2, 1)) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    } else {
      items_.reserve(std::max<std::size_t>(2 * items_.size(), 4));
    }
  }

  std::vector<T> items_;
  std::size_t first_ = 0;  // items before it are gone
};

}  // namespace tlsnic::host
