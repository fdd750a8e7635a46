// Overlap-save: the result in tiles, each the part of a circular correlation that no wrapping
// reaches (Stockham 1966; Oppenheim and Schafer, Discrete-Time Signal Processing, section 8.7.3).
//
// Of a tile of T samples a kernel of k taps leaves the first T - k + 1 correct. Tiles are taken
// along the rows of tiles, two at a time, one as the real and one as the imaginary part.
#pragma once

#include <stdexcept>

#include "parallel.hpp"
#include "sink.hpp"
#include "source.hpp"
#include "strips.hpp"
#include "tile_filter.hpp"

namespace native {

// As many rows as are read or written at once where they are converted or touch the border.
inline constexpr Index rows_at_once = 16;

// How a tile is cut from a picture: a rectangle.
template <class T>
class PictureTiles {
  public:
    PictureTiles(Shape result, Shape tile, Shape taps)
        : result_(result),
          tile_(tile),
          step_{even_step(result.rows, tile.rows - taps.rows + 1),
                even_step(result.columns, tile.columns - taps.columns + 1)} {}

    Index count() const { return down() * across(); }

    // The columns that hold results in any tile.
    Index kept() const { return step_.columns; }

    // Columns of a tile, `first` to `last`, into strips; `staging` holds `rows_at_once` of them.
    void read(const Source<T>& source, Index tile, Index first, Index last,
              const Strips<T>& strips, T* staging) const {
        const Index columns = last - first;
        const Picture<const T> all =
            source.view(top(tile), left(tile) + first, {tile_.rows, columns});
        if (all.samples != nullptr) return put_rows(all, strips);
        for (Index row = 0; row < tile_.rows; row += rows_at_once) {
            const Shape shape{std::min(rows_at_once, tile_.rows - row), columns};
            const Picture<T> rows{staging, shape, all.channels, columns * all.channels};
            source.read(top(tile) + row, left(tile) + first, rows);
            put_rows<T>(rows, strips.from_row(row));
        }
    }

    void write(const Sink<T>& sink, Index tile, Index first, Index last, const Strips<T>& strips,
               T* staging) const {
        const Shape kept{std::min(step_.rows, result_.rows - top(tile)),
                         std::min({last, step_.columns, result_.columns - left(tile)}) - first};
        if (kept.columns <= 0) return;
        const Picture<T> all = sink.view(top(tile), left(tile) + first, kept);
        if (all.samples != nullptr) return take_rows(strips, all);
        for (Index row = 0; row < kept.rows; row += rows_at_once) {
            const Shape shape{std::min(rows_at_once, kept.rows - row), kept.columns};
            const Picture<T> rows{staging, shape, all.channels, kept.columns * all.channels};
            take_rows(strips.from_row(row), rows);
            sink.write(top(tile) + row, left(tile) + first, rows);
        }
    }

  private:
    // The step from tile to tile: no more than would leave the last one almost empty.
    static Index even_step(Index result, Index most) {
        const Index tiles = (result + most - 1) / most;
        return std::min(most, rounded_up((result + tiles - 1) / tiles, lanes<T>));
    }

    Index down() const { return (result_.rows + step_.rows - 1) / step_.rows; }
    Index across() const { return (result_.columns + step_.columns - 1) / step_.columns; }
    Index top(Index tile) const { return tile / across() * step_.rows; }
    Index left(Index tile) const { return tile % across() * step_.columns; }

    Shape result_, tile_, step_;
};

// How a tile is cut from a signal: a run of samples, row after row of the tile.
template <class T>
class SignalTiles {
  public:
    SignalTiles(Shape result, Shape tile, Shape taps)
        : result_(result.columns),
          tile_(tile),
          step_(tile.rows * tile.columns - taps.columns + 1) {}

    Index count() const { return (result_ + step_ - 1) / step_; }
    Index kept() const { return tile_.columns; }

    void read(const Source<T>& source, Index tile, Index, Index, const Strips<T>& strips,
              T* staging) const {
        const Index start = tile * step_;
        const T* run = source.view(0, start, {1, tile_.rows * tile_.columns}).samples;
        if (run != nullptr) {
            return put_rows<T>({run, tile_, 1, tile_.columns}, strips);
        }
        for (Index row = 0; row < tile_.rows; ++row) {
            const Picture<T> line{staging, {1, tile_.columns}, 1, tile_.columns};
            source.read(0, start + row * tile_.columns, line);
            put_rows<T>(line, strips.from_row(row));
        }
    }

    void write(const Sink<T>& sink, Index tile, Index, Index, const Strips<T>& strips, T*) const {
        const Index start = tile * step_, results = std::min(step_, result_ - start);
        const Index whole = results / tile_.columns, rest = results % tile_.columns;
        const Index columns = tile_.columns;
        T* run = sink.view(0, start, {1, results}).samples;
        take_rows<T>(strips, {run, {whole, columns}, 1, columns});
        take_rows<T>(strips.from_row(whole), {run + whole * columns, {1, rest}, 1, rest});
    }

  private:
    Index result_;
    Shape tile_;
    Index step_;
};

// A panel of this many columns is read and transformed, or transformed and written, before it
// leaves the second cache; narrower ones cost more calls than they save.
inline constexpr Index panel_columns = 64;

// Throws where a tile's sides are no lengths for a transform, or too short for the taps.
template <class T>
void check_tile(Shape tile, Shape taps, Layout layout) {
    for (const Index side : {tile.rows, tile.columns}) {
        if (side < 4 || side > 4096 || side % lanes<T> != 0 || !Fft<T>::can(side)) {
            throw std::invalid_argument("a tile's sides are no lengths that are transformed");
        }
    }
    const bool fits = layout == Layout::signal
                          ? taps.columns <= tile.rows * tile.columns
                          : taps.rows <= tile.rows && taps.columns <= tile.columns;
    if (!fits) throw std::invalid_argument("the tile is smaller than the taps");
}

// Memory of one thread.
template <class T>
struct OverlapSaveWorkspace {
    typename TileFilter<T>::Workspace tile;
    Buffer<T> staging;
};

template <class Tiles, class T>
void filter_tiles(const Source<T>& source, const Sink<T>& sink, const TileFilter<T>& filter,
                  const Tiles& tiles, Index panel, Index threads) {
    const Index columns = filter.tile().columns;
    const Index count = tiles.count(), pairs = (count + 1) / 2;

    std::vector<OverlapSaveWorkspace<T>> workspaces;
    for (Index i = 0; i < std::min(threads, pairs); ++i) {
        workspaces.push_back({filter.make_workspace(),
                              make_buffer<T>(rows_at_once * panel * source.channels())});
    }
    for_each(pairs, workspaces, [&](Index pair, const OverlapSaveWorkspace<T>& w) {
        // The last tile of an odd number goes with itself.
        const Index first = 2 * pair, second = std::min(first + 1, count - 1);
        const auto part = [&](Index column, int imaginary) {
            return Strips<T>{filter.strips_at(w.tile, column) + imaginary * lanes<T>,
                             filter.strip_size(), filter.row_size()};
        };
        for (Index x = 0; x < columns; x += panel) {
            const Index end = std::min(x + panel, columns);
            tiles.read(source, first, x, end, part(x, 0), w.staging.get());
            tiles.read(source, second, x, end, part(x, 1), w.staging.get());
            filter.transform_columns(w.tile, x, end);
        }
        filter.filter_rows(w.tile);
        for (Index x = 0; x < tiles.kept(); x += panel) {
            const Index end = std::min(x + panel, columns);
            filter.restore_columns(w.tile, x, end);
            tiles.write(sink, first, x, end, part(x, 0), w.staging.get());
            if (second != first) tiles.write(sink, second, x, end, part(x, 1), w.staging.get());
        }
    });
}

template <class T>
void overlap_save(const Source<T>& source, const Sink<T>& sink, const Picture<const T>& taps,
                  Shape tile, Layout layout, Index threads) {
    const TileFilter<T> filter(tile, source.channels(), taps, layout);
    if (layout == Layout::signal) {
        const bool viewed = sink.view(0, 0, {1, 1}).samples != nullptr;
        if (sink.shape().rows != 1 || taps.shape.rows != 1 || source.channels() != 1 || !viewed) {
            throw std::invalid_argument("a signal has one row, one channel and no levels");
        }
        const SignalTiles<T> tiles(sink.shape(), tile, taps.shape);
        filter_tiles(source, sink, filter, tiles, tile.columns, threads);
    } else {
        const PictureTiles<T> tiles(sink.shape(), tile, taps.shape);
        filter_tiles(source, sink, filter, tiles, panel_columns, threads);
    }
}

}  // namespace native
