// The outer product of a column and a row of taps, as two passes that never leave the cache.
//
// For as many rows of the result as a vector has lanes: sum down the columns, a vector of adjacent
// columns at a time; transpose what came out, in registers, into a line whose vectors each hold
// one column; sum along the line, where neighbours are whole aligned vectors; transpose back.
#pragma once

#include "sliding.hpp"

namespace native {

// sums[i] = sum over u of taps[u] * in[(i + u * spread) * pitch], for as many i as lanes.
template <class T>
[[gnu::always_inline]] inline void sum_taps(const T* in, Index pitch, const T* taps, Index count,
                                            Index spread, Vector<T> (&sums)[lanes<T>]) {
    for (auto& sum : sums) sum = Vector<T>{};
    for (Index u = 0; u < count; ++u, in += spread * pitch) {
        const Vector<T> tap = broadcast(taps[u]);
        for (int i = 0; i < lanes<T>; ++i) sums[i] += tap * load(in + i * pitch);
    }
}

inline constexpr Index separable_tile_rows = 96, separable_tile_width = 768;

// The taps are two pictures of one row each.
template <class T>
void separable(const Source<T>& source, const Sink<T>& sink, const Picture<const T>& column,
               const Picture<const T>& row, Index threads) {
    constexpr Index n = lanes<T>;
    const Index channels = source.channels();
    const Shape taps{column.shape.columns, row.shape.columns};
    const Shape least{n, (n + channels - 1) / channels};
    const Shape most{separable_tile_rows, std::max(separable_tile_width / channels, n)};
    const auto compute = [&](const Picture<const T>& in, const Picture<T>& out, T* line) {
        Vector<T> sums[lanes<T>];
        for_each_run(out.shape.rows, n, [&](Index i) {
            for_each_run(in.shape.columns * channels, n, [&](Index x) {
                sum_taps<T>(in.at(i, 0) + x, in.pitch, column.samples, taps.rows, 1, sums);
                transpose<T>(sums);
                for (int j = 0; j < n; ++j) store(line + (x + j) * n, sums[j]);
            });
            for_each_run(out.shape.columns * channels, n, [&](Index x) {
                sum_taps<T>(line + x * n, n, row.samples, taps.columns, channels, sums);
                transpose<T>(sums);
                for (int j = 0; j < n; ++j) store(out.at(i + j, 0) + x, sums[j]);
            });
        });
    };
    for_each_tile(source, sink, taps, most, least, channels * n, threads, compute);
}

}  // namespace native
