// The engines for processors with AVX-512: vectors of 64 bytes.
#include "bindings.hpp"

PyMODINIT_FUNC PyInit__avx512() {
    static PyModuleDef definition{};
    definition.m_base = PyModuleDef_HEAD_INIT;
    definition.m_name = "_avx512";
    definition.m_size = -1;
    definition.m_methods = native::methods;
    return native::make_module(definition);
}
