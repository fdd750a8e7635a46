// The sum itself, for kernels of few rows: a block of result rows is held in registers while the
// taps' columns pass by, so that each vector that is loaded serves as many rows as there are.
//
//     out[i][x] = sum over u, v of taps[u][v] * in[i + u][x + v * channels]
//
// with x counting numbers, so that interleaved channels need no care.
#pragma once

#include <stdexcept>
#include <utility>

#include "sliding.hpp"

namespace native {

inline constexpr int most_direct_rows = 13;

// Rows of a block, and vectors of each of them; a kernel of one row shares no vector among rows.
template <int TapRows>
struct Block {
    static constexpr int rows = TapRows == 1 ? 1 : 4;
    static constexpr int vectors = (vector_registers >= 32 ? 16 : 8) / rows;
};

template <int TapRows, class T>
inline void correlate_block(const T* in, Index in_pitch, const Picture<const T>& taps,
                            Index channels, T* out, Index out_pitch) {
    constexpr int rows = Block<TapRows>::rows, vectors = Block<TapRows>::vectors;
    Vector<T> sum[rows][vectors] = {};
    for (Index v = 0; v < taps.shape.columns; ++v, in += channels) {
        Vector<T> tap[TapRows];
        for (int u = 0; u < TapRows; ++u) tap[u] = broadcast(*taps.at(u, v));
#pragma GCC unroll 16
        for (int i = 0; i < TapRows + rows - 1; ++i) {
            Vector<T> x[vectors];
            for (int q = 0; q < vectors; ++q) x[q] = load(in + i * in_pitch + q * lanes<T>);
#pragma GCC unroll 4
            for (int r = 0; r < rows; ++r) {
                if (i < r || i - r >= TapRows) continue;
                for (int q = 0; q < vectors; ++q) sum[r][q] += tap[i - r] * x[q];
            }
        }
    }
    for (int r = 0; r < rows; ++r) {
        for (int q = 0; q < vectors; ++q) store(out + r * out_pitch + q * lanes<T>, sum[r][q]);
    }
}

// Tiles of this many rows and at most this many numbers a row lie in the second cache.
inline constexpr Index direct_tile_rows = 32, direct_tile_width = 1536;

template <int TapRows, class T>
void direct_of(const Source<T>& source, const Sink<T>& sink, const Picture<const T>& taps,
               Index threads) {
    constexpr Index rows = Block<TapRows>::rows, width = Block<TapRows>::vectors * lanes<T>;
    const Index channels = source.channels();
    const Shape least{rows, (width + channels - 1) / channels};
    const Shape most{direct_tile_rows, std::max<Index>(direct_tile_width / channels, 1)};
    const auto compute = [&](const Picture<const T>& in, const Picture<T>& out, T*) {
        for_each_run(out.shape.rows, rows, [&](Index i) {
            for_each_run(out.shape.columns * channels, width, [&](Index x) {
                correlate_block<TapRows>(in.at(i, 0) + x, in.pitch, taps, channels,
                                         out.at(i, 0) + x, out.pitch);
            });
        });
    };
    for_each_tile(source, sink, taps.shape, most, least, 0, threads, compute);
}

template <class T, std::size_t... Less>
void direct_by_rows(const Source<T>& source, const Sink<T>& sink, const Picture<const T>& taps,
                    Index threads, std::index_sequence<Less...>) {
    using Engine = void (*)(const Source<T>&, const Sink<T>&, const Picture<const T>&, Index);
    constexpr Engine engines[] = {direct_of<int(Less) + 1, T>...};
    engines[taps.shape.rows - 1](source, sink, taps, threads);
}

// Kernels of up to `most_direct_rows` rows and any number of columns.
template <class T>
void direct(const Source<T>& source, const Sink<T>& sink, const Picture<const T>& taps,
            Index threads) {
    if (taps.shape.rows > most_direct_rows) {
        throw std::invalid_argument("the direct engine takes kernels of few rows");
    }
    direct_by_rows(source, sink, taps, threads, std::make_index_sequence<most_direct_rows>{});
}

}  // namespace native
