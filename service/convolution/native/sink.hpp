// Where the engines' results go: rectangles of the picture that is made. Sums become levels while
// a tile is stored, and nowhere else.
#pragma once

#include <algorithm>

#include "levels.hpp"
#include "picture.hpp"

namespace native {

template <class T>
class Sink {
  public:
    virtual ~Sink() = default;

    // Stores a rectangle at a place of the result.
    virtual void write(Index row, Index column, const Picture<const T>& from) const = 0;

    // The place itself where no conversion is needed, else no samples.
    virtual Picture<T> view(Index row, Index column, Shape shape) const = 0;

    virtual Shape shape() const = 0;
};

// Calls put(sums, n, to) for each row of a rectangle at a place of the result.
template <class T, class D, class Put>
inline void write_rows(const Picture<D>& result, Index row, Index column,
                       const Picture<const T>& from, const Put& put) {
    const Index n = from.shape.columns * result.channels;
    for (Index i = 0; i < from.shape.rows; ++i) {
        D* to = result.at(row + i, column);
        if (i + rows_ahead < from.shape.rows) prefetch<1>(to + rows_ahead * result.pitch, n);
        put(from.at(i, 0), n, to);
    }
}

// The sums as they are.
template <class T>
class SumSink final : public Sink<T> {
  public:
    explicit SumSink(const Picture<T>& result) : result_(result) {}

    Shape shape() const override { return result_.shape; }

    void write(Index row, Index column, const Picture<const T>& from) const override {
        write_rows(result_, row, column, from,
                   [](const T* sums, Index n, T* to) { std::copy_n(sums, n, to); });
    }

    Picture<T> view(Index row, Index column, Shape shape) const override {
        return {result_.at(row, column), shape, result_.channels, result_.pitch};
    }

  private:
    Picture<T> result_;
};

template <class T>
class LevelSink final : public Sink<T> {
  public:
    LevelSink(const Picture<std::uint8_t>& result, const LevelScale<T>& scale)
        : result_(result), scale_(scale) {}

    Shape shape() const override { return result_.shape; }

    void write(Index row, Index column, const Picture<const T>& from) const override {
        write_rows(result_, row, column, from, [this](const T* sums, Index n, std::uint8_t* to) {
            scale_.convert(sums, n, to);
        });
    }

    Picture<T> view(Index, Index, Shape shape) const override {
        return {nullptr, shape, result_.channels, 0};
    }

  private:
    Picture<std::uint8_t> result_;
    LevelScale<T> scale_;
};

}  // namespace native
