// Rows of numbers into the strips of a tile, and back.
#pragma once

#include <cstring>

#include "picture.hpp"

namespace native {

// The strips of a real tile: number x of a row stands in strip x / lanes.
template <class T>
struct Strips {
    T* first;
    Index strip, row;  // from one strip, and from one row, to the next

    // The same from another row on.
    Strips from_row(Index count) const { return {first + count * row, strip, row}; }
};

// A row holds whole vectors.
template <class T>
inline void put_rows(const Picture<const T>& rows, const Strips<T>& strips) {
    const Index n = rows.shape.columns * rows.channels;
    for (Index i = 0; i < rows.shape.rows; ++i) {
        const T* from = rows.at(i, 0);
        if (i + rows_ahead < rows.shape.rows) prefetch<0>(rows.at(i + rows_ahead, 0), n);
        T* to = strips.first + i * strips.row;
        for (Index x = 0; x < n; x += lanes<T>, to += strips.strip) store(to, load(from + x));
    }
}

template <class T>
inline void take_rows(const Strips<T>& strips, const Picture<T>& rows) {
    const Index n = rows.shape.columns * rows.channels;
    const Index whole = n / lanes<T> * lanes<T>;
    for (Index i = 0; i < rows.shape.rows; ++i) {
        T* to = rows.at(i, 0);
        if (i + rows_ahead < rows.shape.rows) prefetch<1>(rows.at(i + rows_ahead, 0), n);
        const T* from = strips.first + i * strips.row;
        for (Index x = 0; x < whole; x += lanes<T>, from += strips.strip) store(to + x, load(from));
        if (whole < n) std::memcpy(to + whole, from, std::size_t(n - whole) * sizeof(T));
    }
}

}  // namespace native
