// The factors between columns and rows of a signal's transform (Gentleman and Sande 1966; Bailey
// 1990, the four-step FFT):
//
//     exp(-2 pi i k n / (rows * columns))     for frequency k of column n.
//
// A whole table would fill the cache that the tile needs. So n = 16 a + b, and a factor is the
// product of one for a and one for b.
#pragma once

#include <complex>
#include <vector>

#include "fft.hpp"
#include "memory.hpp"
#include "picture.hpp"

namespace native {

template <class T>
class Twist {
  public:
    // `columns`: the transform down the columns, which knows where frequencies stand.
    Twist(Shape tile, const Fft<T>& columns)
        : columns_(tile.columns),
          coarse_count_((tile.columns + fine_count - 1) / fine_count),
          coarse_(make_buffer<T>(2 * tile.rows * coarse_count_)),
          fine_(make_buffer<T>(2 * tile.rows * fine_count)) {
        const Roots roots(tile);
        for (Index row = 0; row < tile.rows; ++row) {
            const Index k = columns.frequency(row);
            for (Index a = 0; a < coarse_count_; ++a) {
                put(coarse_.get(), coarse_count_, row, a, roots.power(k * a * fine_count));
            }
            for (Index b = 0; b < fine_count; ++b) {
                put(fine_.get(), fine_count, row, b, roots.power(k * b));
            }
        }
    }

    // Multiplies a line of the rows from `row` on by the factors, or by their conjugates.
    template <bool Conjugate>
    void multiply(T* line, Index row) const {
        const T* coarse = coarse_.get() + 2 * row * coarse_count_;
        for (Index n = 0; n < columns_; n += fine_count, coarse += complex_lanes<T>) {
            const T* fine = fine_.get() + 2 * row * fine_count;
            const Index end = std::min(n + fine_count, columns_);
            for (T* z = line + n * complex_lanes<T>; z < line + end * complex_lanes<T>;
                 z += complex_lanes<T>, fine += complex_lanes<T>) {
                Complex<T> factor = load_complex(coarse) * load_complex(fine);
                if constexpr (Conjugate) factor.im = -factor.im;
                store_complex(z, load_complex(z) * factor);
            }
        }
    }

  private:
    static constexpr Index fine_count = 16;

    // The powers of the root exp(-2 pi i / size), each the product of two that are tabled.
    class Roots {
      public:
        explicit Roots(Shape tile) : step_(tile.columns), size_(tile.rows * tile.columns) {
            const double turn = -2.0 * 3.14159265358979323846 / double(size_);
            for (Index i = 0; i < tile.rows; ++i) {
                coarse_.push_back(std::polar(1.0, turn * double(i * step_)));
            }
            for (Index i = 0; i < step_; ++i) fine_.push_back(std::polar(1.0, turn * double(i)));
        }

        std::complex<double> power(Index exponent) const {
            const auto within = std::size_t(exponent % size_), step = std::size_t(step_);
            return coarse_[within / step] * fine_[within % step];
        }

      private:
        Index step_, size_;
        std::vector<std::complex<double>> coarse_, fine_;
    };

    // A factor of one row to its lane of a table with so many vectors for each group of rows.
    static void put(T* table, Index count, Index row, Index at, std::complex<double> factor) {
        const Index lane = row % lanes<T>;
        T* to = table + 2 * (row - lane) * count + at * complex_lanes<T> + lane;
        to[0] = T(factor.real());
        to[lanes<T>] = T(factor.imag());
    }

    Index columns_, coarse_count_;
    Buffer<T> coarse_, fine_;
};

}  // namespace native
