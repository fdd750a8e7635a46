// What stands beyond the border, as indices: the sample that each extended coordinate shows.
#pragma once

#include <algorithm>
#include <vector>

#include "simd.hpp"

namespace native {

// In numpy.pad's words; the numbers are those of the Python module's table.
enum class Boundary { constant = 0, edge = 1, reflect = 2, symmetric = 3, wrap = 4 };

inline constexpr Index outside = -1;

// The index in 0 ... n - 1 that coordinate i shows, or `outside` for the fill value.
inline Index reflected(Index i, Index n, Boundary boundary) {
    if (i >= 0 && i < n) return i;
    const auto modulo = [](Index a, Index period) { return ((a % period) + period) % period; };
    switch (boundary) {
        case Boundary::edge:
            return std::clamp<Index>(i, 0, n - 1);
        case Boundary::wrap:
            return modulo(i, n);
        case Boundary::symmetric: {  // ... 1 0 | 0 1 ... n-1 | n-1 ...: period 2 n
            const Index j = modulo(i, 2 * n);
            return std::min(j, 2 * n - 1 - j);
        }
        case Boundary::reflect: {  // ... 2 1 | 0 1 ... n-1 | n-2 ...: period 2 n - 2
            if (n == 1) return 0;
            const Index j = modulo(i, 2 * n - 2);
            return std::min(j, 2 * n - 2 - j);
        }
        default:
            return outside;
    }
}

// The indices that the coordinates before 0, from -before on, and then those from n on show, of
// an array that has `extended` samples with its border.
inline std::vector<Index> beyond(Index n, Index before, Index extended, Boundary boundary) {
    std::vector<Index> indices;
    indices.reserve(std::size_t(extended - n));
    for (Index i = -before; i < 0; ++i) indices.push_back(reflected(i, n, boundary));
    for (Index i = n; i < extended - before; ++i) indices.push_back(reflected(i, n, boundary));
    return indices;
}

}  // namespace native
