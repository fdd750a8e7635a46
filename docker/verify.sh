#!/usr/bin/env bash
# Checks what stands in this folder, builds the image with a real engine, and runs it: hardened, and
# as two replicas behind nginx. As root on Debian 12 it installs what it needs from Debian's
# packages; elsewhere it says what is missing. It needs no registry of images.
#
#   docker/verify.sh            everything
#   docker/verify.sh lint       the files alone
#   docker/verify.sh image      the files and the image, which a later run finds built
#
# OPENCV=wheel docker/verify.sh builds the image without OpenCV's sources: minutes sooner, too large.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(buildah podman runc netavark aardvark-dns catatonit iptables iproute2 util-linux
  mmdebstrap docker.io prometheus kubernetes-client ca-certificates curl)
COMMANDS=(buildah podman runc iptables ip nsenter mmdebstrap dockerd docker promtool kubectl curl)
BASE=docker.io/library/python:3.11-slim-bookworm
NGINX=docker.io/library/nginx:1.28-alpine
IMAGE=localhost/convolution-service:verify
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "== $*"; }

install_commands() {
  local missing=()
  for each in "${COMMANDS[@]}"; do command -v "$each" >/dev/null || missing+=("$each"); done
  ((${#missing[@]})) || return 0
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}; on Debian: apt-get install ${PACKAGES[*]}" >&2
    exit 1
  fi
  say "installing ${missing[*]}"
  apt-get update --quiet=2 --option DPkg::Lock::Timeout=300
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
    --option DPkg::Lock::Timeout=300 \
    "${PACKAGES[@]}" >"$work/apt.log" 2>&1 || { tail "$work/apt.log" >&2; exit 1; }
}

install_checkers() {
  python3 -m venv "$work/checkers"
  "$work/checkers/bin/pip" install --quiet --disable-pip-version-check \
    --requirement docker/verify-requirements.txt
  PATH=$work/checkers/bin:$PATH
}

lint() {
  say "files"
  hadolint Dockerfile
  shellcheck docker/*.sh .ci/run
  yamllint --strict --config-file docker/yamllint.yaml docker
  check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml
  docker-compose --file docker/compose.yaml --profile cluster config --quiet
  kubectl kustomize docker/kubernetes >"$work/kubernetes.yaml"
  kubernetes-validate --strict --quiet "$work/kubernetes.yaml"
  promtool check rules docker/monitoring/alerts.yml
  promtool check config docker/monitoring/prometheus.yml
  promtool test rules docker/monitoring/alerts_test.yml
}

use_engine() {
  cat >"$work/containers.conf" <<'END'
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
[network]
network_backend = "netavark"
END
  export CONTAINERS_CONF=$work/containers.conf DISABLE_HC_SYSTEMD=true
}

# Where no registry is to be had, images of the same names made of Debian's packages stand in.
provide_images() {
  if ! podman image exists "$BASE" && ! timeout 60 podman pull --quiet "$BASE" 2>/dev/null; then
    say "a stand-in for $BASE"
    mmdebstrap --quiet --variant=minbase \
      --include=python3,python3-venv,python3-pip,ca-certificates \
      --customize-hook="rm -f \"\$1\"/usr/lib/python3*/EXTERNALLY-MANAGED" \
      --customize-hook="ln -s /usr/bin/python3 \"\$1/usr/local/bin/python3\"" \
      --customize-hook="ln -s /usr/bin/python3 \"\$1/usr/local/bin/python\"" \
      --customize-hook="ln -s /usr/bin/pip3 \"\$1/usr/local/bin/pip\"" \
      --customize-hook=": > \"\$1/etc/pip.conf\"" \
      bookworm "$work/base.tar"
    podman import --quiet \
      --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
      --change 'ENV LANG=C.UTF-8' "$work/base.tar" "$BASE" >/dev/null
    rm "$work/base.tar"
  fi
  if ! podman image exists "$NGINX" && ! timeout 60 podman pull --quiet "$NGINX" 2>/dev/null; then
    say "a stand-in for $NGINX"
    mmdebstrap --quiet --variant=minbase --include=nginx-light bookworm "$work/nginx.tar"
    podman import --quiet --change 'ENTRYPOINT ["nginx", "-g", "daemon off;"]' \
      "$work/nginx.tar" "$NGINX" >/dev/null
    rm "$work/nginx.tar"
  fi
}

build() {
  say "building"
  local settings=()
  # So that pip inside asks the index that this machine asks; nothing of it stays in the image.
  for each in "$CERTIFICATES" /etc/pip.conf; do
    [[ -f $each ]] && settings+=(--volume "$each:$each:ro")
  done
  buildah bud --quiet --format docker --isolation chroot --pull-never --network host --layers \
    "${settings[@]}" --build-arg "REVISION=$(git rev-parse HEAD)" \
    --build-arg "OPENCV=${OPENCV:-sources}" --tag "$IMAGE" . \
    >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; exit 1; }
  podman image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' | sort
}

install_commands
install_checkers
lint
[[ ${1:-} == lint ]] && exit
use_engine
provide_images
build
[[ ${1:-} == image ]] && exit
say "running"
make .venv/.ready-to-test
CONVOLUTION_TEST_IMAGE=$IMAGE .venv/bin/python -m pytest -m container tests/containers --durations=5
