// Where the engines' samples come from: rectangles of the picture with its border. The border is
// drawn, and the samples converted, while a tile is loaded, and nowhere else.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "border.hpp"
#include "picture.hpp"

namespace native {

template <class T>
class Source {
  public:
    virtual ~Source() = default;

    // Copies a rectangle of the extended picture; what lies beyond it becomes zero.
    virtual void read(Index row, Index column, const Picture<T>& to) const = 0;

    // The rectangle itself where it needs neither border nor conversion, else no samples.
    virtual Picture<const T> view(Index row, Index column, Shape shape) const = 0;

    virtual Index channels() const = 0;
};

struct Border {
    Boundary boundary;
    double fill;
    Shape before;    // rows above and columns to the left
    Shape extended;  // the shape of the extended picture
};

template <class T, class S>
class BorderedPicture final : public Source<T> {
  public:
    BorderedPicture(const Picture<const S>& picture, const Border& border)
        : picture_(picture),
          border_(border),
          border_columns_(beyond(picture.shape.columns, border.before.columns,
                                 border.extended.columns, border.boundary)) {}

    Index channels() const override { return picture_.channels; }

    void read(Index row, Index column, const Picture<T>& to) const override {
        const Index top = row - border_.before.rows, left = column - border_.before.columns;
        if (inside(top, left, to.shape)) return read_inside(picture_.at(top, left), to);
        const Index height = std::clamp<Index>(border_.extended.rows - row, 0, to.shape.rows);
        const Index width = std::clamp<Index>(border_.extended.columns - column, 0,
                                              to.shape.columns);
        for (Index i = 0; i < to.shape.rows; ++i) {
            const Index known = i < height ? width : 0;
            if (known > 0) read_row(top + i, left, known, to.at(i, 0));
            std::fill(to.at(i, known), to.at(i, to.shape.columns), T(0));
        }
    }

    Picture<const T> view(Index row, Index column, Shape shape) const override {
        if constexpr (std::is_same_v<S, T>) {
            const Index top = row - border_.before.rows, left = column - border_.before.columns;
            if (inside(top, left, shape)) {
                return {picture_.at(top, left), shape, picture_.channels, picture_.pitch};
            }
        }
        return {nullptr, shape, picture_.channels, 0};
    }

  private:
    bool inside(Index top, Index left, Shape shape) const {
        return top >= 0 && top + shape.rows <= picture_.shape.rows && left >= 0 &&
               left + shape.columns <= picture_.shape.columns;
    }

    void read_inside(const S* from, const Picture<T>& to) const {
        const Index n = to.shape.columns * picture_.channels;
        for (Index i = 0; i < to.shape.rows; ++i) {
            const S* row = from + i * picture_.pitch;
            if (i + rows_ahead < to.shape.rows) prefetch<0>(row + rows_ahead * picture_.pitch, n);
            copy(row, n, to.at(i, 0));
        }
    }

    static void copy(const S* __restrict from, Index n, T* __restrict to) {
        for (Index i = 0; i < n; ++i) to[i] = T(from[i]);
    }

    // So many columns of a row, from the picture's column `left` on, which may lie before its
    // first; a row beyond the picture shows another, or the fill value.
    void read_row(Index row, Index left, Index count, T* to) const {
        const Index shown = reflected(row, picture_.shape.rows, border_.boundary);
        if (shown == outside) {
            std::fill(to, to + count * picture_.channels, T(border_.fill));
            return;
        }
        const S* from = picture_.at(shown, 0);
        const Index first = std::clamp<Index>(-left, 0, count);
        const Index last = std::clamp<Index>(picture_.shape.columns - left, first, count);
        for (Index j = 0; j < first; ++j) {
            put(from, border_columns_[border_.before.columns + left + j], to, j);
        }
        if (first < last) {
            const Index channels = picture_.channels;
            copy(from + (left + first) * channels, (last - first) * channels,
                 to + first * channels);
        }
        const Index skipped = picture_.shape.columns - border_.before.columns;
        for (Index j = last; j < count; ++j) put(from, border_columns_[left + j - skipped], to, j);
    }

    // Puts the sample of a column of the picture, or the fill value, at column j.
    void put(const S* row, Index column, T* to, Index j) const {
        const Index channels = picture_.channels;
        for (Index c = 0; c < channels; ++c) {
            to[j * channels + c] =
                column == outside ? T(border_.fill) : T(row[column * channels + c]);
        }
    }

    Picture<const S> picture_;
    Border border_;
    // What the columns before the first, and then those after the last, show.
    std::vector<Index> border_columns_;
};

}  // namespace native
