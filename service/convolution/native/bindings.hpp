// The Python module: arrays in, an array filled, the interpreter's lock let go in between.
#pragma once

#include "buffers.hpp"
#include "direct.hpp"
#include "overlap_save.hpp"
#include "separable.hpp"

namespace native {

// What every engine is called with before its taps.
struct Call {
    PyObject *result, *samples;
    int boundary;
    double fill;
    Py_ssize_t top, left;
    LevelArguments levels;
    Py_ssize_t threads;
};

// Reads a call's arguments, those before the taps and, by the rest of a format, what comes then.
template <class... Rest>
void parse(PyObject* arguments, Call& call, const std::string& format, Rest*... rest) {
    const std::string whole = "OO(idnn)(ddpp)n" + format;
    if (!PyArg_ParseTuple(arguments, whole.c_str(), &call.result, &call.samples, &call.boundary,
                          &call.fill, &call.top, &call.left, &call.levels.divisor,
                          &call.levels.bias, &call.levels.absolute, &call.levels.whole,
                          &call.threads, rest...)) {
        throw ErrorIsSet{};
    }
}

// The interpreter's lock is let go as long as this lives.
class Unlocked {
  public:
    Unlocked() : state_(PyEval_SaveThread()) {}
    ~Unlocked() { PyEval_RestoreThread(state_); }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

  private:
    PyThreadState* state_;
};

// Runs engine(source, sink) in precision T for taps of a shape.
template <class T, class Engine>
void run(const Call& call, Shape taps, const Engine& engine) {
    const HeldBuffer result(call.result, true), samples(call.samples, false);
    if (result.channels() != samples.channels() || call.threads < 1 || call.boundary < 0 ||
        call.boundary > int(Boundary::wrap)) {
        throw std::invalid_argument("channels, threads or boundary are out of their range");
    }
    const Border border{Boundary(call.boundary), call.fill, {call.top, call.left},
                        {result.shape().rows + taps.rows - 1,
                         result.shape().columns + taps.columns - 1}};
    const Shape added{border.extended.rows - samples.shape().rows,
                      border.extended.columns - samples.shape().columns};
    if (call.top < 0 || call.top > added.rows || call.left < 0 || call.left > added.columns) {
        throw std::invalid_argument("the border does not lead from the samples to the result");
    }
    const Unlocked unlocked;
    const auto source = make_source<T>(samples, border);
    const auto sink = make_sink<T>(result, call.levels);
    engine(*source, *sink);
}

// Runs the body for float or double, whichever the taps hold.
template <class Body>
void in_precision_of(PyObject* taps, const Body& body) {
    const HeldBuffer held(taps, false);
    if (held.channels() != 1) throw std::invalid_argument("taps have one channel");
    if (held.holds<float>()) return body(held, float{});
    body(held, double{});
}

inline void call_direct(PyObject* arguments) {
    Call call;
    PyObject* kernel;
    parse(arguments, call, "O", &kernel);
    in_precision_of(kernel, [&](const HeldBuffer& held, auto precision) {
        using T = decltype(precision);
        const auto taps = held.picture<const T>();
        run<T>(call, taps.shape, [&](const auto& source, const auto& sink) {
            direct(source, sink, taps, call.threads);
        });
    });
}

inline void call_separable(PyObject* arguments) {
    Call call;
    PyObject *columns, *rows;
    parse(arguments, call, "OO", &columns, &rows);
    in_precision_of(columns, [&](const HeldBuffer& held, auto precision) {
        using T = decltype(precision);
        const HeldBuffer other(rows, false);
        const auto column = held.picture<const T>(), row = other.picture<const T>();
        if (column.shape.rows != 1 || row.shape.rows != 1 || row.channels != 1) {
            throw std::invalid_argument("the column and the row of taps are given as rows");
        }
        const Shape taps{column.shape.columns, row.shape.columns};
        run<T>(call, taps, [&](const auto& source, const auto& sink) {
            separable(source, sink, column, row, call.threads);
        });
    });
}

template <Layout layout>
void call_overlap_save(PyObject* arguments) {
    Call call;
    PyObject* kernel;
    Shape tile;
    parse(arguments, call, "O(nn)", &kernel, &tile.rows, &tile.columns);
    in_precision_of(kernel, [&](const HeldBuffer& held, auto precision) {
        using T = decltype(precision);
        const auto taps = held.picture<const T>();
        check_tile<T>(tile, taps.shape, layout);
        run<T>(call, taps.shape, [&](const auto& source, const auto& sink) {
            overlap_save(source, sink, taps, tile, layout, call.threads);
        });
    });
}

// An engine as Python calls it: what it throws becomes Python's error.
template <void (*engine)(PyObject*)>
PyObject* python_function(PyObject*, PyObject* arguments) {
    try {
        engine(arguments);
        Py_RETURN_NONE;
    } catch (const ErrorIsSet&) {
        return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    } catch (const std::exception& fault) {
        PyErr_SetString(PyExc_ValueError, fault.what());
        return nullptr;
    }
}

// Of the arguments, BORDER is (boundary, fill, rows above, columns to the left) and LEVELS is
// (divisor, bias, absolute, whole).
inline PyMethodDef methods[] = {
    {"direct", python_function<call_direct>, METH_VARARGS,
     "direct(result, samples, BORDER, LEVELS, threads, taps)"},
    {"separable", python_function<call_separable>, METH_VARARGS,
     "separable(result, samples, BORDER, LEVELS, threads, column, row)"},
    {"overlap_save", python_function<call_overlap_save<Layout::picture>>, METH_VARARGS,
     "overlap_save(result, samples, BORDER, LEVELS, threads, taps, tile)"},
    {"overlap_save_signal", python_function<call_overlap_save<Layout::signal>>, METH_VARARGS,
     "overlap_save_signal(result, samples, BORDER, LEVELS, threads, taps, tile)"},
    {nullptr, nullptr, 0, nullptr}};

// The module of this instruction set, which tells how many numbers its vectors hold.
inline PyObject* make_module(PyModuleDef& definition) {
    PyObject* module = PyModule_Create(&definition);
    if (module != nullptr && PyModule_AddIntConstant(module, "VECTOR_BYTES", vector_bytes) != 0) {
        Py_CLEAR(module);
    }
    return module;
}

}  // namespace native
