// Arrays of Python's as pictures, by the buffer protocol.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "sink.hpp"
#include "source.hpp"

namespace native {

// Thrown where Python has been told of an error already.
struct ErrorIsSet {};

template <class S>
inline constexpr char type_code = std::is_same_v<S, std::uint8_t> ? 'B'
                                  : std::is_same_v<S, float>      ? 'f'
                                                                  : 'd';

// An array (rows, columns, channels), held as long as this lives. Its rows may lie apart, but
// each is in one piece.
class HeldBuffer {
  public:
    HeldBuffer(PyObject* object, bool writable) {
        const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object, &view_, flags) != 0) throw ErrorIsSet{};
        if (const char* fault = this->fault()) {
            PyBuffer_Release(&view_);
            throw std::invalid_argument(fault);
        }
    }
    ~HeldBuffer() { PyBuffer_Release(&view_); }
    HeldBuffer(const HeldBuffer&) = delete;
    HeldBuffer& operator=(const HeldBuffer&) = delete;

    template <class S>
    bool holds() const {
        return view_.format[0] == type_code<S>;
    }

    template <class S>
    Picture<S> picture() const {
        if (!holds<std::remove_const_t<S>>()) {
            throw std::invalid_argument(
                "samples, taps and result have types that do not go together");
        }
        return {static_cast<S*>(view_.buf), shape(), view_.shape[2],
                view_.strides[0] / view_.itemsize};
    }

    Shape shape() const { return {view_.shape[0], view_.shape[1]}; }
    Index channels() const { return view_.shape[2]; }

  private:
    const char* fault() const {
        const std::string format = view_.format == nullptr ? "" : view_.format;
        if (format.size() != 1 || std::string("Bfd").find(format) == std::string::npos) {
            return "an array is neither uint8 nor float32 nor float64";
        }
        const Py_ssize_t* n = view_.shape;
        const Py_ssize_t* stride = view_.strides;
        const Py_ssize_t size = view_.itemsize;
        if (view_.ndim != 3 || n[0] < 1 || n[1] < 1 || n[2] < 1) {
            return "an array is not (rows, columns, channels), or is empty";
        }
        const bool whole_rows = (n[2] == 1 || stride[2] == size) &&
                                (n[1] == 1 || stride[1] == n[2] * size) && stride[0] % size == 0;
        return whole_rows ? nullptr : "a row of an array is not in one piece";
    }

    Py_buffer view_{};
};

template <class T>
std::unique_ptr<Source<T>> make_source(const HeldBuffer& samples, const Border& border) {
    if (samples.holds<std::uint8_t>()) {
        return std::make_unique<BorderedPicture<T, std::uint8_t>>(
            samples.picture<const std::uint8_t>(), border);
    }
    return std::make_unique<BorderedPicture<T, T>>(samples.picture<const T>(), border);
}

// What the caller says of levels; a result of sums takes no notice of it.
struct LevelArguments {
    double divisor, bias;
    int absolute, whole;
};

template <class T>
std::unique_ptr<Sink<T>> make_sink(const HeldBuffer& result, const LevelArguments& levels) {
    if (!result.holds<std::uint8_t>()) return std::make_unique<SumSink<T>>(result.picture<T>());
    const LevelScale<T> scale(levels.divisor, levels.bias, levels.absolute != 0,
                              levels.whole != 0);
    return std::make_unique<LevelSink<T>>(result.picture<std::uint8_t>(), scale);
}

}  // namespace native
