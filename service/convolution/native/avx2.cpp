// The engines for processors with AVX2 and FMA: vectors of 32 bytes.
#include "bindings.hpp"

PyMODINIT_FUNC PyInit__avx2() {
    static PyModuleDef definition{};
    definition.m_base = PyModuleDef_HEAD_INIT;
    definition.m_name = "_avx2";
    definition.m_size = -1;
    definition.m_methods = native::methods;
    return native::make_module(definition);
}
