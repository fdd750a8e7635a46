// What the engines that sum tap by tap have in common: the result in tiles, each computed from a
// tile of the extended picture that lies in the cache.
#pragma once

#include <vector>

#include "memory.hpp"
#include "parallel.hpp"
#include "sink.hpp"
#include "source.hpp"

namespace native {

// Memory of one thread: a tile of the picture, a tile of the result, and what an engine needs
// between them.
template <class T>
struct SlidingWorkspace {
    Buffer<T> in, out, between;
};

// Where tiles begin along the columns, and where the last ends: at either side one that is as
// narrow as may be, for only these need a border, and between them equal ones.
inline std::vector<Index> column_cuts(Index result, Index edge, Index most) {
    const Index inner = result - 2 * edge;
    if (inner < edge) return {0, result};
    const Index tiles = (inner + most - 1) / most;
    std::vector<Index> cuts{0};
    for (Index i = 0; i <= tiles; ++i) cuts.push_back(edge + inner * i / tiles);
    cuts.push_back(result);
    return cuts;
}

// Calls compute(in, out, between) for every tile of the result, as large as `most` or so. `in` has
// so many rows and columns more than `out` as the taps need; `out` has at least the `least` rows
// and columns, of which those beyond the result's end are lost. `between` has room for so many
// numbers for each column of `in`.
template <class T, class Compute>
void for_each_tile(const Source<T>& source, const Sink<T>& sink, Shape taps, Shape most,
                   Shape least, Index between, Index threads, const Compute& compute) {
    const Index channels = source.channels();
    const Shape result = sink.shape();
    const auto cuts =
        column_cuts(result.columns, std::max(least.columns, taps.columns), most.columns);
    const Index across = Index(cuts.size()) - 1;
    const Index down = (result.rows + most.rows - 1) / most.rows;
    const Shape largest{std::max(std::min(most.rows, result.rows), least.rows),
                        std::max({cuts[1], std::min(most.columns, result.columns),
                                  least.columns})};
    const auto extended = [&](Shape shape) {
        return Shape{shape.rows + taps.rows - 1, shape.columns + taps.columns - 1};
    };
    // An odd number of vectors a row keeps columns out of the same cache sets.
    const auto pitch = [&](Shape shape) {
        return (rounded_up(shape.columns * channels, lanes<T>) / lanes<T> | 1) * lanes<T>;
    };

    std::vector<SlidingWorkspace<T>> workspaces;
    for (Index i = 0; i < std::min(threads, across * down); ++i) {
        workspaces.push_back({make_buffer<T>(extended(largest).rows * pitch(extended(largest))),
                              make_buffer<T>(largest.rows * pitch(largest)),
                              make_buffer<T>(between * extended(largest).columns)});
    }
    for_each(across * down, workspaces, [&](Index item, const SlidingWorkspace<T>& w) {
        const Index row = item / across * most.rows, column = cuts[std::size_t(item % across)];
        const Shape kept{std::min(most.rows, result.rows - row),
                         cuts[std::size_t(item % across + 1)] - column};
        const Shape shape{std::max(kept.rows, least.rows), std::max(kept.columns, least.columns)};

        Picture<const T> in = source.view(row, column, extended(shape));
        if (in.samples == nullptr) {
            const Picture<T> copy{w.in.get(), in.shape, channels, pitch(in.shape)};
            source.read(row, column, copy);
            in = copy;
        }
        const bool fits = shape.rows == kept.rows && shape.columns == kept.columns;
        Picture<T> out = fits ? sink.view(row, column, shape) : Picture<T>{};
        const bool in_place = out.samples != nullptr;
        if (!in_place) out = {w.out.get(), shape, channels, pitch(shape)};
        compute(in, out, w.between.get());
        if (!in_place) sink.write(row, column, {out.samples, kept, channels, out.pitch});
    });
}

// Calls work(first) for runs of `step` that cover 0 ... count - 1; the last begins earlier than
// the one before ends, rather than to reach beyond the end.
template <class Work>
[[gnu::always_inline]] inline void for_each_run(Index count, Index step, const Work& work) {
    for (Index first = 0; first < count; first += step) work(std::min(first, count - step));
}

}  // namespace native
