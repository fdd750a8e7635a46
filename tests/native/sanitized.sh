#!/bin/sh
# The tests of the compiled engines under AddressSanitizer and UndefinedBehaviorSanitizer.
# Builds copies of the modules into a folder of their own; any finding ends the run.
#   tests/native/sanitized.sh [PYTHON]
set -eu
python=$(command -v "${1:-python}")
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

cp -r "$root/service" "$root/tests" "$root/pyproject.toml" "$copy"
native="$copy/service/convolution/native"
rm -f "$native"/*.so
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')

build() {
    name=$1
    shift
    "${CXX:-g++}" -std=c++17 -O1 -g1 -shared -fPIC -pthread -fvisibility=hidden \
        -ffp-contract=fast -fno-math-errno -fno-trapping-math \
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
        -I"$include" "$@" "$native/$name.cpp" -o "$native/_$name$suffix"
}
# At once, and each is waited for by itself, so that a failure is one.
build base & builds=$!
if [ "$(uname -m)" = x86_64 ]; then
    build avx2 -mavx2 -mfma & builds="$builds $!"
    build avx512 -mavx2 -mfma -mavx512f -mavx512dq -mavx512vl -mavx512bw & builds="$builds $!"
fi
for each in $builds; do wait "$each"; done

cd "$copy"
# The interpreter is not built with the sanitizers, so they come first by preloading.
LD_PRELOAD="$("${CXX:-g++}" -print-file-name=libasan.so) $("${CXX:-g++}" -print-file-name=libstdc++.so)" \
    ASAN_OPTIONS=detect_leaks=0 \
    "$python" -m pytest -q -s -p no:cacheprovider tests/native
