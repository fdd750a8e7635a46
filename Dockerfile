# The image of the convolution service:
#
#   docker build -t convolution-service .
#   docker run --rm -p 8000:8000 convolution-service
#
# BASE           the Python image; pin it with BASE=python:3.11-slim-bookworm@sha256:...
# OPENCV         "sources": what the service needs of OpenCV is built, which takes minutes once;
#                "wheel": all of it, as published: 140 MB more, and its float32 Fourier transforms
#                are five times as fast, where the service's own are not used.
# VGG16_WEIGHTS  empty: the filters of blocks 1 and 2, which ship with the service;
#                "keras": those of all layers, downloaded while the image is built;
#                else a file of the build context, such as docker/weights/vgg16.h5.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS compiler
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY docker/install_compiler.sh docker/build-requirements.txt docker/
RUN docker/install_compiler.sh \
 && pip install --require-hashes --only-binary :all: \
      --requirement docker/build-requirements.txt


FROM compiler AS opencv
ARG OPENCV=sources
COPY docker/requirements.txt docker/opencv.cmake docker/build_opencv.sh docker/
RUN mkdir /opencv \
 && if [ "${OPENCV}" = sources ]; then docker/build_opencv.sh /opencv; fi


FROM compiler AS build
ARG VGG16_WEIGHTS=
RUN python -m venv --without-pip /opt/convolution
COPY docker/requirements.txt docker/
RUN pip --python /opt/convolution/bin/python install --require-hashes --only-binary :all: \
      --requirement docker/requirements.txt

COPY . .
COPY --from=opencv /opencv /opencv
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/convolution/bin/python install --no-deps dist/*.whl \
 && docker/bake_weights.sh /opt/convolution "${VGG16_WEIGHTS}" \
 && docker/use_opencv.sh /opt/convolution /opencv \
 && python docker/slim.py /opt/convolution \
 && /opt/convolution/bin/python -I -c "import service.app, service.plots.kernels"


FROM ${BASE}
ARG BASE
ARG VGG16_WEIGHTS=
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Convolution service" \
      org.opencontainers.image.description="Exact, fast convolution of signals and pictures over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${BASE}" \
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
