# The image of the convolution service:
#
#   docker build -t convolution-service .
#   docker run --rm -p 8000:8000 convolution-service
#
# BASE           the Python image; pin it with BASE=python:3.11-slim-bookworm@sha256:...
# VGG16_WEIGHTS  empty: the filters of blocks 1 and 2, which ship with the service;
#                "keras": those of all layers, downloaded while the image is built;
#                else a file of the build context, such as docker/weights/vgg16.h5.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG VGG16_WEIGHTS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

RUN python -m venv --without-pip /opt/convolution
COPY docker/requirements.txt docker/build-requirements.txt docker/
RUN pip --python /opt/convolution/bin/python install --require-hashes --only-binary :all: \
      --requirement docker/requirements.txt \
 && pip install --require-hashes --requirement docker/build-requirements.txt

COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/convolution/bin/python install --no-deps dist/*.whl \
 && docker/bake_weights.sh /opt/convolution "${VGG16_WEIGHTS}" \
 && docker/slim.sh /opt/convolution


FROM ${BASE}
ARG VGG16_WEIGHTS=
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Convolution service" \
      org.opencontainers.image.description="Exact, fast convolution of signals and pictures over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

RUN groupadd --gid 10001 convolution \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin convolution
COPY --from=build /opt/convolution /opt/convolution
COPY docker/healthcheck.py /opt/convolution/healthcheck.py

# The bytecode is there already, and nothing may be written. Two arenas keep glibc from holding
# memory for each thread; the workers set their own thresholds.
ENV PATH=/opt/convolution/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    MPLCONFIGDIR=/tmp/matplotlib \
    CONVOLUTION_HOST=0.0.0.0 \
    CONVOLUTION_PORT=8000 \
    CONVOLUTION_LOG_FORMAT=json \
    CONVOLUTION_VGG16_WEIGHTS=${VGG16_WEIGHTS:+/opt/convolution/vgg16-weights}

USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=2 \
  CMD ["python", "-I", "/opt/convolution/healthcheck.py"]
ENTRYPOINT ["python", "-m", "service"]
