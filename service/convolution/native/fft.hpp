// The discrete Fourier transform of complex vectors, each lane on its own; of any number of them
// that has no prime factor but 2, 3 and 5. A complex vector is one of real and one of imaginary
// parts, side by side; so are they in memory, and the numbers of a transform follow one another.
//
// Forward by decimation in frequency (Gentleman and Sande 1966), which takes numbers in their
// order and leaves the frequencies in digit-reversed order; back by decimation in time (Cooley
// and Tukey 1965), which undoes the same steps in reverse. What lies between is a product of
// spectra in the same order, so nothing is ever permuted.
//
// A step of radix R on blocks of n numbers, with w = exp(-2 pi i / n) and m = n / R:
//     y[q] = w^(q j) * sum over p of x[j + p m] * exp(-2 pi i p q / R)    for every j < m,
// stored at j + q m; there R transforms of m numbers remain. After the first step they are taken
// through all others a few at a time, so that long transforms, too, stay in the first cache.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "simd.hpp"

namespace native {

template <class T>
struct Complex {
    Vector<T> re, im;

    friend Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
    friend Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
    friend Complex operator*(Complex a, Complex b) {
        return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    }
};

// The numbers that a complex vector takes in memory.
template <class T>
inline constexpr Index complex_lanes = 2 * lanes<T>;

template <class T>
[[gnu::always_inline]] inline Complex<T> load_complex(const T* from) {
    return {load(from), load(from + lanes<T>)};
}

template <class T>
[[gnu::always_inline]] inline void store_complex(T* to, Complex<T> z) {
    store(to, z.re);
    store(to + lanes<T>, z.im);
}

// z * exp(-2 pi i Eighths / 8)
template <int Eighths, class T>
[[gnu::always_inline]] inline Complex<T> turned(Complex<T> z) {
    const T half_root = T(0.70710678118654752440);
    if constexpr (Eighths == 0) return z;
    if constexpr (Eighths == 1) return {half_root * (z.re + z.im), half_root * (z.im - z.re)};
    if constexpr (Eighths == 2) return {z.im, -z.re};
    if constexpr (Eighths == 3) return {half_root * (z.im - z.re), -half_root * (z.re + z.im)};
}

// The transform of R = 2, 3, 4, 5, 6 or 8 numbers in registers, in natural order.
template <int R, class T>
[[gnu::always_inline]] inline void dft(Complex<T> (&z)[R]);

template <int R, class T, std::size_t... I>
[[gnu::always_inline]] inline void join_halves(Complex<T> (&z)[R], const Complex<T> (&even)[R / 2],
                                               const Complex<T> (&odd)[R / 2],
                                               std::index_sequence<I...>) {
    const Complex<T> turn[] = {turned<int(I) * 8 / R>(odd[I])...};
    ((z[I] = even[I] + turn[I], z[I + R / 2] = even[I] - turn[I]), ...);
}

template <class T>
[[gnu::always_inline]] inline void dft3(Complex<T> (&z)[3]) {
    const T sine = T(0.86602540378443864676);
    const Complex<T> sum = z[1] + z[2], difference = z[1] - z[2];
    const Complex<T> middle{z[0].re - T(0.5) * sum.re, z[0].im - T(0.5) * sum.im};
    const Complex<T> side{sine * difference.im, -sine * difference.re};
    z[0] = z[0] + sum;
    z[1] = middle + side;
    z[2] = middle - side;
}

// With the sums and differences of the pairs (1, 4) and (2, 3), whose factors are conjugates.
template <class T>
[[gnu::always_inline]] inline void dft5(Complex<T> (&z)[5]) {
    const T cos1 = T(0.30901699437494742410), sin1 = T(0.95105651629515357212);
    const T cos2 = T(-0.80901699437494742410), sin2 = T(0.58778525229247312917);
    const Complex<T> sum1 = z[1] + z[4], difference1 = z[1] - z[4];
    const Complex<T> sum2 = z[2] + z[3], difference2 = z[2] - z[3];
    const Complex<T> middle1{z[0].re + cos1 * sum1.re + cos2 * sum2.re,
                             z[0].im + cos1 * sum1.im + cos2 * sum2.im};
    const Complex<T> middle2{z[0].re + cos2 * sum1.re + cos1 * sum2.re,
                             z[0].im + cos2 * sum1.im + cos1 * sum2.im};
    const Complex<T> side1{sin1 * difference1.im + sin2 * difference2.im,
                           -(sin1 * difference1.re + sin2 * difference2.re)};
    const Complex<T> side2{sin2 * difference1.im - sin1 * difference2.im,
                           sin1 * difference2.re - sin2 * difference1.re};
    z[0] = z[0] + sum1 + sum2;
    z[1] = middle1 + side1;
    z[2] = middle2 + side2;
    z[3] = middle2 - side2;
    z[4] = middle1 - side1;
}

// Two and three have no common factor, so that no twiddles stand between them if numbers are taken
// in the order (3 a + 2 b) mod 6 and frequencies in the order (3 c + 4 d) mod 6 (Good 1958).
template <class T>
[[gnu::always_inline]] inline void dft6(Complex<T> (&z)[6]) {
    Complex<T> first[3] = {z[0], z[2], z[4]}, second[3] = {z[3], z[5], z[1]};
    dft3(first);
    dft3(second);
    for (int d = 0; d < 3; ++d) {
        z[4 * d % 6] = first[d] + second[d];
        z[(3 + 4 * d) % 6] = first[d] - second[d];
    }
}

template <int R, class T>
[[gnu::always_inline]] inline void dft(Complex<T> (&z)[R]) {
    if constexpr (R == 3) {
        dft3(z);
    } else if constexpr (R == 5) {
        dft5(z);
    } else if constexpr (R == 6) {
        dft6(z);
    } else if constexpr (R > 1) {
        Complex<T> even[R / 2], odd[R / 2];
        for (int i = 0; i < R / 2; ++i) {
            even[i] = z[2 * i];
            odd[i] = z[2 * i + 1];
        }
        dft<R / 2>(even);
        dft<R / 2>(odd);
        join_halves<R>(z, even, odd, std::make_index_sequence<R / 2>{});
    }
}

// The inverse transform times R: exchanging real and imaginary part before and after makes it one.
template <int R, class T>
[[gnu::always_inline]] inline void inverse_dft(Complex<T> (&z)[R]) {
    for (auto& number : z) std::swap(number.re, number.im);
    dft<R>(z);
    for (auto& number : z) std::swap(number.re, number.im);
}

// What of the first cache a transform fills; the rest is for twiddles and spectra.
inline constexpr Index cached_bytes = 16384;

template <class T>
class Fft {
  public:
    explicit Fft(Index size) : size_(size) {
        for (Index block = size; block > 1; block /= steps_.back().radix) {
            steps_.push_back({radix_for(block), block, Index(twiddles_.size())});
            append_twiddles(steps_.back());
        }
    }

    // Whether there is a transform of this length: more than one number, no factor but 2, 3, 5.
    static bool can(Index size) {
        if (size < 2) return false;
        for (const Index prime : {2, 3, 5}) {
            while (size % prime == 0) size /= prime;
        }
        return size == 1;
    }

    void forward(T* z) const {
        run_forward(steps_.front(), z, size_);
        for_each_chunk(z, [this](T* chunk, Index count, Index) {
            for (auto step = steps_.begin() + 1; step != steps_.end(); ++step) {
                run_forward(*step, chunk, count);
            }
        });
    }

    // The inverse times the size.
    void backward(T* z) const {
        for_each_chunk(z, [this](T* chunk, Index count, Index) {
            for (auto step = steps_.end() - 1; step != steps_.begin(); --step) {
                run_backward(*step, chunk, count);
            }
        });
        run_backward(steps_.front(), z, size_);
    }

    // Forward, times a spectrum in the order of forward(), and backward. The last step, the
    // product and the first step back meet in registers.
    void filter(T* z, const T* spectrum) const {
        const auto last = steps_.end() - 1;
        if (last == steps_.begin()) return run_middle(*last, z, size_, spectrum);
        run_forward(steps_.front(), z, size_);
        for_each_chunk(z, [this, last, spectrum](T* chunk, Index count, Index first) {
            for (auto step = steps_.begin() + 1; step != last; ++step) {
                run_forward(*step, chunk, count);
            }
            run_middle(*last, chunk, count, spectrum + first * complex_lanes<T>);
            for (auto step = last - 1; step != steps_.begin(); --step) {
                run_backward(*step, chunk, count);
            }
        });
        run_backward(steps_.front(), z, size_);
    }

    // The frequency that stands at a position after forward().
    Index frequency(Index position) const {
        Index frequency = 0, weight = 1;
        for (const Step& step : steps_) {
            const Index part = step.block / step.radix;
            frequency += weight * (position / part);
            weight *= step.radix;
            position %= part;
        }
        return frequency;
    }

  private:
    struct Step {
        int radix;
        Index block;
        Index twiddles;
    };

    // The odd factors first, then the largest power of two whose numbers fit the registers, but
    // so that no 2 is left for the last step.
    static int radix_for(Index block) {
        for (const int odd : {5, 6, 3}) {
            if (block % odd == 0) return odd;
        }
        if (vector_registers >= 32 && block != 16 && block >= 8) return 8;
        return block >= 4 ? 4 : 2;
    }

    void append_twiddles(const Step& step) {
        const double turn = -2.0 * 3.14159265358979323846 / double(step.block);
        for (Index j = 0; j < step.block / step.radix; ++j) {
            for (int q = 1; q < step.radix; ++q) {
                twiddles_.push_back(T(std::cos(turn * double(q * j))));
                twiddles_.push_back(T(std::sin(turn * double(q * j))));
            }
        }
    }

    // Calls body(chunk, its length, where it begins) for the blocks that the first step leaves, as
    // many at a time as fit the first cache; not at all where that step is the only one.
    template <class Body>
    void for_each_chunk(T* z, const Body& body) const {
        if (steps_.size() == 1) return;
        const Index block = steps_[1].block, cached = cached_bytes / (2 * vector_bytes);
        const Index chunk = std::max<Index>(1, cached / block) * block;
        for (Index first = 0; first < size_; first += chunk) {
            body(z + first * complex_lanes<T>, std::min(chunk, size_ - first), first);
        }
    }

    void run_forward(const Step& step, T* z, Index count) const {
        with_radix(step, [&](auto radix) {
            constexpr int R = decltype(radix)::value;
            if (step.block == R) {
                pass<R>(step, z, count, [](auto& numbers, const T*, Index) { dft<R>(numbers); });
            } else {
                pass<R>(step, z, count, [](auto& numbers, const T* twiddle, Index) {
                    dft<R>(numbers);
                    rotate<1>(numbers, twiddle);
                });
            }
        });
    }

    void run_backward(const Step& step, T* z, Index count) const {
        with_radix(step, [&](auto radix) {
            constexpr int R = decltype(radix)::value;
            if (step.block == R) {
                pass<R>(step, z, count,
                        [](auto& numbers, const T*, Index) { inverse_dft<R>(numbers); });
            } else {
                pass<R>(step, z, count, [](auto& numbers, const T* twiddle, Index) {
                    rotate<-1>(numbers, twiddle);
                    inverse_dft<R>(numbers);
                });
            }
        });
    }

    void run_middle(const Step& step, T* z, Index count, const T* spectrum) const {
        with_radix(step, [&](auto radix) {
            constexpr int R = decltype(radix)::value;
            pass<R>(step, z, count, [spectrum](auto& numbers, const T*, Index first) {
                dft<R>(numbers);
                const T* factor = spectrum + first * complex_lanes<T>;
                for (auto& number : numbers) {
                    number = number * load_complex(factor);
                    factor += complex_lanes<T>;
                }
                inverse_dft<R>(numbers);
            });
        });
    }

    // Calls the body with the radix as a type.
    template <class Body>
    static void with_radix(const Step& step, const Body& body) {
        switch (step.radix) {
            case 2: return body(std::integral_constant<int, 2>{});
            case 3: return body(std::integral_constant<int, 3>{});
            case 4: return body(std::integral_constant<int, 4>{});
            case 5: return body(std::integral_constant<int, 5>{});
            case 6: return body(std::integral_constant<int, 6>{});
            default: return body(std::integral_constant<int, 8>{});
        }
    }

    // Passes the blocks of so many numbers, R at a time, through registers: change(numbers,
    // twiddles, index of the first).
    template <int R, class Change>
    void pass(const Step& step, T* z, Index count, const Change& change) const {
        const Index part = step.block / R;
        const T* twiddle = twiddles_.data() + step.twiddles;
        for (Index j = 0; j < part; ++j, twiddle += 2 * (R - 1)) {
            for (Index first = j; first < count; first += step.block) {
                Complex<T> numbers[R];
                for (int q = 0; q < R; ++q) {
                    numbers[q] = load_complex(z + (first + q * part) * complex_lanes<T>);
                }
                change(numbers, twiddle, first);
                for (int q = 0; q < R; ++q) {
                    store_complex(z + (first + q * part) * complex_lanes<T>, numbers[q]);
                }
            }
        }
    }

    // Multiplies by the twiddles, or (Sign = -1) by their conjugates.
    template <int Sign, int R>
    [[gnu::always_inline]] static void rotate(Complex<T> (&z)[R], const T* twiddle) {
        for (int q = 1; q < R; ++q, twiddle += 2) {
            z[q] = z[q] * Complex<T>{broadcast(twiddle[0]), broadcast(T(Sign) * twiddle[1])};
        }
    }

    Index size_;
    std::vector<Step> steps_;
    std::vector<T> twiddles_;
};

}  // namespace native
