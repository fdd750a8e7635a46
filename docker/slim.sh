#!/bin/sh
# Makes a virtual environment ready to be served from, read-only: without what only its makers
# need (their tests, headers, static libraries), and with its bytecode.
#
#   docker/slim.sh ENVIRONMENT
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)

find "$packages" -depth -type d \( -name tests -o -name include \) -exec rm -r {} +
find "$packages" -type f \( -name '*.a' -o -name '*.pyi' -o -name '*.pxd' \) -delete
find "$1" -depth -type d -name __pycache__ -exec rm -r {} +
# Trusted as it is: the file system is read-only, and dates of layers are not the sources'.
"$1/bin/python" -m compileall -q --invalidation-mode unchecked-hash "$packages"
