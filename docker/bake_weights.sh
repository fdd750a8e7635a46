#!/bin/sh
# Puts the weights of VGG16 into an environment, at ENVIRONMENT/vgg16-weights.
#
#   docker/bake_weights.sh ENVIRONMENT ''       none beside those that ship with the service
#   docker/bake_weights.sh ENVIRONMENT keras    what Keras publishes: downloaded, MD5 checked
#   docker/bake_weights.sh ENVIRONMENT FILE     an .h5 or .npz file
set -eu
target=$1/vgg16-weights

case $2 in
  '') ;;
  keras) "$1/bin/python" -m service.vgg16 fetch "$target" ;;
  *) cp "$2" "$target" ;;
esac
