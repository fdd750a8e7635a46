// Pictures in memory. A signal is a picture of one row.
#pragma once

#include "simd.hpp"

namespace native {

struct Shape {
    Index rows, columns;
};

// Rows of interleaved channels, `pitch` numbers apart.
template <class S>
struct Picture {
    S* samples;
    Shape shape;
    Index channels;
    Index pitch;

    S* at(Index row, Index column) const { return samples + row * pitch + column * channels; }

    operator Picture<const S>() const { return {samples, shape, channels, pitch}; }
};

// The caches foresee the next number of a row, but not the next row of a tile.
inline constexpr Index rows_ahead = 8;

template <int ForWriting, class S>
inline void prefetch(const S* row, Index n) {
    for (Index i = 0; i < n; i += 64 / Index(sizeof(S))) __builtin_prefetch(row + i, ForWriting);
}

}  // namespace native
