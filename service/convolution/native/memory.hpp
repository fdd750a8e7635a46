// Working memory aligned to cache lines.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

#include "simd.hpp"

namespace native {

inline constexpr std::align_val_t cache_line{64};

struct AlignedDelete {
    void operator()(void* memory) const { ::operator delete(memory, cache_line); }
};

template <class T>
using Buffer = std::unique_ptr<T[], AlignedDelete>;

template <class T>
inline Buffer<T> make_buffer(Index count) {
    if (count > PTRDIFF_MAX / Index(sizeof(T))) throw std::bad_alloc();
    const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
    return Buffer<T>(static_cast<T*>(::operator new(bytes, cache_line)));
}

}  // namespace native
