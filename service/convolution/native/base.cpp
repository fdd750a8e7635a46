// The engines for any processor: vectors of 16 bytes, which every compiler knows how to build.
// This module also tells which of the others the processor can run.
#include "bindings.hpp"

namespace {

PyObject* instruction_sets(PyObject*, PyObject*) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512bw");
    if (avx512) return Py_BuildValue("(sss)", "avx512", "avx2", "base");
    if (avx2) return Py_BuildValue("(ss)", "avx2", "base");
#endif
    return Py_BuildValue("(s)", "base");
}

PyMethodDef own_methods[] = {
    {"instruction_sets", instruction_sets, METH_NOARGS,
     "Which modules this processor can run, the fastest first."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyMODINIT_FUNC PyInit__base() {
    static PyModuleDef definition{};
    definition.m_base = PyModuleDef_HEAD_INIT;
    definition.m_name = "_base";
    definition.m_size = -1;
    definition.m_methods = native::methods;
    PyObject* module = native::make_module(definition);
    if (module != nullptr && PyModule_AddFunctions(module, own_methods) != 0) Py_CLEAR(module);
    return module;
}
