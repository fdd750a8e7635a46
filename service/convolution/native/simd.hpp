// Vectors as wide as the instruction set that this is compiled for, by the vector extensions of
// GCC and Clang. All else is written in these few words.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>

namespace native {

using Index = std::ptrdiff_t;

inline Index rounded_up(Index n, Index step) { return (n + step - 1) / step * step; }

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
inline constexpr int vector_registers = 32;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
inline constexpr int vector_registers = 16;
#elif defined(__aarch64__)
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 32;
#else
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 16;
#endif

template <class T>
inline constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class S, int Count>
struct VectorOf {
    typedef S type __attribute__((vector_size(Count * sizeof(S))));
};

template <class T>
using Vector = typename VectorOf<T, lanes<T>>::type;

template <class T>
[[gnu::always_inline]] inline Vector<T> load(const T* from) {
    Vector<T> vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
}

template <class T>
[[gnu::always_inline]] inline void store(T* to, Vector<T> vector) {
    std::memcpy(to, &vector, sizeof vector);
}

template <class T>
[[gnu::always_inline]] inline Vector<T> broadcast(T value) {
    return value - Vector<T>{};
}

// The numbers of a register of 16 bytes, of which wider ones are made: shuffles within these are
// the cheapest there are, and shuffles of these as a whole come next.
template <class T>
inline constexpr int block = 16 / static_cast<int>(sizeof(T));

// In each block, a0 b0 a1 b1 ... of its lower (Half = 0) or its upper (Half = 1) half.
template <class T, int Half, int... I>
[[gnu::always_inline]] inline Vector<T> zipped(Vector<T> a, Vector<T> b,
                                               std::integer_sequence<int, I...>) {
    constexpr int n = lanes<T>, k = block<T>;
    return __builtin_shufflevector(
        a, b, (I / k * k + Half * k / 2 + I % k / 2 + I % 2 * n)...);
}

// The even (Odd = 0) or the odd (Odd = 1) blocks of a, and then those of b.
template <class T, int Odd, int... I>
[[gnu::always_inline]] inline Vector<T> unzipped(Vector<T> a, Vector<T> b,
                                                 std::integer_sequence<int, I...>) {
    constexpr int k = block<T>;
    return __builtin_shufflevector(a, b, ((2 * (I / k) + Odd) * k + I % k)...);
}

// Transposes a square of vectors in registers. Each step exchanges one binary digit of a number's
// row for one of its column: first those within a block, then those of the block.
template <class T>
[[gnu::always_inline]] inline void transpose(Vector<T> (&rows)[lanes<T>]) {
    constexpr int n = lanes<T>;
    using Order = std::make_integer_sequence<int, n>;
    for (int digit = block<T> / 2; digit >= 1; digit /= 2) {
        for (int i = 0; i < n; ++i) {
            if ((i & digit) != 0) continue;
            const Vector<T> a = rows[i], b = rows[i | digit];
            rows[i] = zipped<T, 0>(a, b, Order{});
            rows[i | digit] = zipped<T, 1>(a, b, Order{});
        }
    }
    for (int digit = block<T>; digit < n; digit *= 2) {
        for (int i = 0; i < n; ++i) {
            if ((i & digit) != 0) continue;
            const Vector<T> a = rows[i], b = rows[i | digit];
            rows[i] = unzipped<T, 0>(a, b, Order{});
            rows[i | digit] = unzipped<T, 1>(a, b, Order{});
        }
    }
}

}  // namespace native
