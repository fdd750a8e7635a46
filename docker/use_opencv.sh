#!/bin/sh
# Puts a package cv2 that docker/build_opencv.sh has built in the place of the published wheel's,
# of the same version. Without one in FOLDER the wheel's stays.
#
#   docker/use_opencv.sh ENVIRONMENT FOLDER
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
[ -d "$2/cv2" ] || exit 0
rm -r "$packages/cv2" "$packages/opencv_python_headless.libs"
cp -r "$2/cv2" "$packages"
