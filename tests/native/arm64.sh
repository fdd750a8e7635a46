#!/usr/bin/env bash
# The tests of the compiled engines on arm64, in an emulator: NEON, of which other machines have none.
# Compiles the module by a cross-compiler, and runs it in Debian's Python for arm64 with the packages
# that are published for that. As root on Debian 12 it installs what it needs. Takes a few minutes.
#   tests/native/arm64.sh [PYTHON]          PYTHON has pip; its version does not matter
set -euo pipefail
python=${1:-python3}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

COMMANDS=(mmdebstrap qemu-aarch64-static aarch64-linux-gnu-g++)
PACKAGES=(mmdebstrap qemu-user-static g++-aarch64-linux-gnu)
missing=()
for each in "${COMMANDS[@]}"; do command -v "$each" >/dev/null || missing+=("$each"); done
if ((${#missing[@]})); then
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}; on Debian: apt-get install ${PACKAGES[*]}" >&2
    exit 1
  fi
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
    "${PACKAGES[@]}" >"$work/apt.log" 2>&1 || { tail "$work/apt.log" >&2; exit 1; }
fi

# Only unpacked: nothing in it is run but its Python, and that by the emulator.
mmdebstrap --quiet --variant=extract --architectures=arm64 \
  --include=python3,libpython3-dev,libstdc++6 bookworm "$work/arm64"
platforms=()
for glibc in 2_17 2_26 2_27 2_28 2_34; do platforms+=(--platform "manylinux_${glibc}_aarch64"); done
"$python" -m pip install --quiet --disable-pip-version-check --target "$work/packages" \
  --only-binary :all: --python-version 311 --platform manylinux2014_aarch64 "${platforms[@]}" \
  hypothesis numpy opencv-python-headless pytest scipy

mkdir "$work/copy"
cp -r "$root/service" "$root/tests" "$work/copy"
native=$work/copy/service/convolution/native
rm -f "$native"/*.so
aarch64-linux-gnu-g++ -std=c++17 -O3 -shared -fPIC -pthread -fvisibility=hidden -Wall -Wextra -Werror \
  -ffp-contract=fast -fno-math-errno -fno-trapping-math \
  -isystem "$work/arm64/usr/include/python3.11" -isystem "$work/arm64/usr/include" \
  "$native/base.cpp" -o "$native/_base.cpython-311-aarch64-linux-gnu.so"

cd "$work/copy"
printf '[pytest]\nmarkers = slow\n' >pytest.ini
export PYTHONPATH=$work/packages PYTHONDONTWRITEBYTECODE=1
arm64_python=(qemu-aarch64-static -L "$work/arm64" "$work/arm64/usr/bin/python3.11")
"${arm64_python[@]}" -c 'from service.convolution.native import load; assert load("base"), "not loaded"'
"${arm64_python[@]}" -m pytest -q -p no:cacheprovider tests/native
