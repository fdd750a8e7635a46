// Sums as levels of an 8-bit picture:
//
//     level = min(255, rint(max(0, (s + bias |divisor|) / |divisor|)))
//
// where s is the sum, with the divisor's sign or without any; halves are rounded to even. Each
// operation is one of the precision's own, in this order, so that the levels are those that the
// same formula gives in numpy.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "simd.hpp"

namespace native {

// From here on a number has no digits behind the point. To add it leaves none of another number's
// either, so that the addition itself rounds, half to even.
template <class T>
inline constexpr T whole_from = sizeof(T) == 4 ? T(8388608.0) : T(4503599627370496.0);

template <class T>
[[gnu::always_inline]] inline Vector<T> rounded(Vector<T> x) {
    const Vector<T> size = x < T(0) ? -x : x;
    const Vector<T> whole = (size + whole_from<T>) - whole_from<T>;
    const Vector<T> nearest = size < whole_from<T> ? whole : size;
    return x < T(0) ? -nearest : nearest;
}

template <class T>
class LevelScale {
  public:
    LevelScale(double divisor, double bias, bool absolute, bool whole)
        : size_(T(std::abs(divisor))),
          offset_(T(bias * std::abs(divisor))),
          sign_(divisor < 0 ? T(-1) : T(1)),
          absolute_(absolute),
          whole_(whole) {}

    // `whole`: the sums are whole numbers but for what the engine's rounding left.
    void convert(const T* sums, Index n, std::uint8_t* to) const {
        return whole_ ? convert_all<true>(sums, n, to) : convert_all<false>(sums, n, to);
    }

  private:
    using Levels = typename VectorOf<std::uint8_t, lanes<T>>::type;
    using Integers = typename VectorOf<std::int32_t, lanes<T>>::type;

    template <bool Rounds>
    void convert_all(const T* sums, Index n, std::uint8_t* to) const {
        const Index vectors = n / lanes<T> * lanes<T>;
        for (Index i = 0; i < vectors; i += lanes<T>) {
            const Levels levels = level<Rounds>(load(sums + i));
            std::memcpy(to + i, &levels, sizeof levels);
        }
        if (vectors == n) return;
        T rest[lanes<T>] = {};
        std::copy(sums + vectors, sums + n, rest);
        const Levels levels = level<Rounds>(load(rest));
        std::memcpy(to + vectors, &levels, std::size_t(n - vectors));
    }

    // What is not a number becomes level 0.
    template <bool Rounds>
    [[gnu::always_inline]] Levels level(Vector<T> sum) const {
        if constexpr (Rounds) sum = rounded<T>(sum);
        const Vector<T> signless = sum < T(0) ? -sum : sum;
        const Vector<T> moved = (absolute_ ? signless : sign_ * sum) + offset_;
        const Vector<T> scaled = size_ == T(1) ? moved : moved / size_;
        const Vector<T> positive = scaled > T(0) ? scaled : Vector<T>{};
        const Vector<T> clipped = positive < T(255) ? positive : broadcast(T(255));
        const Vector<T> nearest = (clipped + whole_from<T>) - whole_from<T>;
        return __builtin_convertvector(__builtin_convertvector(nearest, Integers), Levels);
    }

    T size_, offset_, sign_;
    bool absolute_, whole_;
};

}  // namespace native
