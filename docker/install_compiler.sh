#!/bin/sh
# What native code is built with, from Debian's packages: a compiler, nasm for the assembly of
# libjpeg-turbo, and Python's headers where the image has none of its own.
set -eu
headers=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
packages="g++ nasm"
[ -e "$headers/Python.h" ] || packages="$packages python3-dev"

apt-get update
# shellcheck disable=SC2086 # several words
apt-get install --yes --no-install-recommends $packages
rm -rf /var/lib/apt/lists/*
