#!/bin/sh
# Builds OpenCV for Python from the sources that docker/requirements.txt pins, with the settings
# of docker/opencv.cmake, and puts the package cv2 into a folder. It takes about five minutes of
# two cores, a compiler, nasm (without it JPEG is slow) and docker/build-requirements.txt.
#
#   docker/build_opencv.sh FOLDER
set -eu
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
python=$(command -v python)

# A package's pin, of several lines.
pinned() { sed -n "/^$1==/,/[^\\\\]\$/p" "$here/requirements.txt"; }

pinned numpy >"$work/numpy.txt"
pip install --require-hashes --only-binary :all: --requirement "$work/numpy.txt"
pinned opencv-python-headless >"$work/opencv.txt"
pip download --require-hashes --no-deps --no-build-isolation --no-binary :all: --dest "$work" \
  --requirement "$work/opencv.txt"
mkdir "$work/sources"
tar --extract --gzip --file "$work"/*.tar.gz --directory "$work/sources" --strip-components 1

cmake -G Ninja -S "$work/sources/opencv" -B "$work/build" -C "$here/opencv.cmake" \
  -D CMAKE_INSTALL_PREFIX="$work/installed" \
  -D PYTHON3_EXECUTABLE="$python" -D PYTHON_DEFAULT_EXECUTABLE="$python" \
  -D PYTHON3_INCLUDE_DIR="$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')"
cmake --build "$work/build" --target install/strip

mkdir -p "$1"
cp -r "$work/installed/python/cv2" "$work"/sources/LICENSE*.txt "$1"
mv "$1"/LICENSE*.txt "$1/cv2"
rm -r "$work"
