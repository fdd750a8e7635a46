// Circular correlation of a tile by a kernel, through the two-dimensional Fourier transform.
//
// By the convolution theorem the transform of sum over u of taps[u] x[n + u] is the product of
// the transform of x and the conjugate of that of the taps. The taps are real, so a complex tile
// is two real ones that are filtered at once: correlating a + ib by real taps gives
// (a * taps) + i (b * taps).
//
// A tile lies in memory in strips as wide as a vector, each from the top row to the bottom, so
// that a column's transform runs through a few contiguous kilobytes that the first cache holds.
// Channels may be interleaved, for they are only more columns. Then, for as many rows as a vector
// has lanes: transpose them into lines, one for each channel, in which a vector holds one column;
// transform along them, multiply by the kernel's spectrum, transform back, transpose back.
//
// A signal of rows * columns numbers, laid out row by row, is transformed in the same way with
// one more product between columns and rows: see twist.hpp.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "twist.hpp"

namespace native {

enum class Layout { picture, signal };

template <class T>
class TileFilter {
  public:
    struct Workspace {
        Buffer<T> strips, lines;
    };

    // The tile's sides are lengths that Fft can transform, multiples of `lanes<T>`, and no less
    // than the taps'.
    TileFilter(Shape tile, Index channels, const Picture<const T>& taps, Layout layout)
        : tile_(tile), columns_(tile.rows), rows_(tile.columns) {
        if (layout == Layout::signal) twist_.emplace(tile, columns_);
        set_channels(1);
        keep_spectrum(taps, layout);
        set_channels(channels);
    }

    Shape tile() const { return tile_; }

    Workspace make_workspace() const {
        const Index width = tile_.columns * channels_;
        return {make_buffer<T>(width / lanes<T> * strip_size()),
                make_buffer<T>(width * complex_lanes<T>)};
    }

    // From the vectors of one strip to those of the next, and of one row to those of the next. A
    // few vectors more than the rows keep strips out of the same sets of the cache.
    Index strip_size() const { return (tile_.rows + lanes<T>) * complex_lanes<T>; }
    static constexpr Index row_size() { return complex_lanes<T>; }

    // The strips that begin with a column, a multiple of `lanes<T>`: of the real tile, and of the
    // imaginary one `lanes<T>` numbers further.
    T* strips_at(const Workspace& w, Index column) const {
        return w.strips.get() + column * channels_ / lanes<T> * strip_size();
    }

    // The three parts of filtering a tile in place. Columns may be transformed a panel at a time,
    // so that it is still in the cache after it was read, or before it is written; panels begin
    // at multiples of `lanes<T>`.
    void transform_columns(const Workspace& w, Index first, Index last) const {
        for (T* strip = strips_at(w, first); strip < strips_at(w, last); strip += strip_size()) {
            columns_.forward(strip);
        }
    }

    void filter_rows(const Workspace& w) const {
        for (Index row = 0; row < tile_.rows; row += lanes<T>) {
            T* lines = w.lines.get();
            gather(w, row, tile_.columns, lines);
            for (Index c = 0; c < channels_; ++c) {
                T* line = lines + c * tile_.columns * complex_lanes<T>;
                if (twist_) twist_->template multiply<false>(line, row);
                rows_.filter(line, spectrum_.get() + 2 * row * tile_.columns);
                if (twist_) twist_->template multiply<true>(line, row);
            }
            scatter(lines, w, row);
        }
    }

    void restore_columns(const Workspace& w, Index first, Index last) const {
        for (T* strip = strips_at(w, first); strip < strips_at(w, last); strip += strip_size()) {
            columns_.backward(strip);
        }
    }

  private:
    void set_channels(Index channels) {
        channels_ = channels;
        line_of_.clear();
        for (Index x = 0; x < tile_.columns * channels; ++x) {
            const Index vectors = x % channels * tile_.columns + x / channels;
            line_of_.push_back(vectors * complex_lanes<T>);
        }
    }

    // Rows to lines: number x of row i becomes lane i of the vector at line_of_[x]. And back.
    void gather(const Workspace& w, Index row, Index columns, T* lines) const {
        const T* from = w.strips.get() + row * row_size();
        const Index* to = line_of_.data();
        for (Index x = 0; x < columns * channels_; x += lanes<T>) {
            for (const Index part : {0, lanes<T>}) {
                Vector<T> square[lanes<T>];
                for (int i = 0; i < lanes<T>; ++i) square[i] = load(from + i * row_size() + part);
                transpose<T>(square);
                for (int i = 0; i < lanes<T>; ++i) store(lines + to[x + i] + part, square[i]);
            }
            from += strip_size();
        }
    }

    void scatter(const T* lines, const Workspace& w, Index row) const {
        T* to = w.strips.get() + row * row_size();
        const Index* from = line_of_.data();
        for (Index x = 0; x < tile_.columns * channels_; x += lanes<T>) {
            for (const Index part : {0, lanes<T>}) {
                Vector<T> square[lanes<T>];
                for (int i = 0; i < lanes<T>; ++i) square[i] = load(lines + from[x + i] + part);
                transpose<T>(square);
                for (int i = 0; i < lanes<T>; ++i) store(to + i * row_size() + part, square[i]);
            }
            to += strip_size();
        }
    }

    // The conjugate of the taps' transform, with the scale of the inverse transform. Most columns
    // hold no taps.
    void keep_spectrum(const Picture<const T>& taps, Layout layout) {
        const Workspace w = make_workspace();
        const Index taken = std::min(taps.shape.columns, tile_.columns);
        const Index columns = rounded_up(taken, lanes<T>);
        place(taps, layout, w, columns);
        transform_columns(w, 0, columns);
        spectrum_ = make_buffer<T>(2 * tile_.rows * tile_.columns);
        for (Index row = 0; row < tile_.rows; row += lanes<T>) {
            T* line = spectrum_.get() + 2 * row * tile_.columns;
            gather(w, row, columns, line);
            std::fill(line + columns * complex_lanes<T>,
                      line + tile_.columns * complex_lanes<T>, T(0));
            if (twist_) twist_->template multiply<false>(line, row);
            rows_.forward(line);
            for (Index k = 0; k < tile_.columns; ++k) {
                T* imaginary = line + k * complex_lanes<T> + lanes<T>;
                store(imaginary, -load(imaginary));
            }
        }
    }

    void place(const Picture<const T>& taps, Layout layout, const Workspace& w,
               Index columns) const {
        std::fill(w.strips.get(), strips_at(w, columns), T(0));
        for (Index u = 0; u < taps.shape.rows; ++u) {
            for (Index v = 0; v < taps.shape.columns; ++v) {
                const Index row = layout == Layout::signal ? v / tile_.columns : u;
                const Index column = v % tile_.columns;
                const Index lane = column % lanes<T>;
                strips_at(w, column - lane)[row * row_size() + lane] =
                    *taps.at(u, v) / T(tile_.rows * tile_.columns);
            }
        }
    }

    Shape tile_;
    Index channels_ = 1;
    std::vector<Index> line_of_;
    Fft<T> columns_, rows_;
    std::optional<Twist<T>> twist_;
    // For every group of rows, for every column: a complex vector.
    Buffer<T> spectrum_;
};

}  // namespace native
