# OpenCV as the image has it: what the service calls, of the very sources that the published
# wheel is made of. That one has 60 MB of modules that nothing here calls, and 80 MB of libraries
# (FFmpeg, OpenSSL, OpenBLAS ...) that no picture needs.
#
#   cmake -C docker/opencv.cmake ...

# The modules of the functions that are called, and what makes Python's bindings; Python's module
# is one library, of every version of Python.
set(BUILD_LIST "core,imgproc,imgcodecs,python3,python_bindings_generator" CACHE STRING "")
set(CMAKE_BUILD_TYPE "Release" CACHE STRING "")
set(CMAKE_SKIP_INSTALL_RPATH ON CACHE BOOL "")
set(PYTHON3_LIMITED_API ON CACHE BOOL "")
set(OPENCV_PYTHON3_INSTALL_PATH "python" CACHE STRING "")
foreach(part SHARED_LIBS TESTS PERF_TESTS opencv_apps opencv_java opencv_python2)
  set(BUILD_${part} OFF CACHE BOOL "")
endforeach()

# The libraries of the formats that OpenCV decodes or encodes here: those in its sources.
foreach(library ZLIB JPEG PNG WEBP)
  set(BUILD_${library} ON CACHE BOOL "")
endforeach()

# Formats that the service reads by other libraries, or refuses.
foreach(format TIFF AVIF JASPER OPENJPEG OPENEXR IMGCODEC_GIF IMGCODEC_HDR IMGCODEC_SUNRASTER
        IMGCODEC_PXM IMGCODEC_PFM)
  set(WITH_${format} OFF CACHE BOOL "")
endforeach()

# IPP and KleidiCV would be downloaded while it is built. LAPACK, OpenCL and tracing: nothing that
# is called comes to them.
foreach(library IPP KLEIDICV LAPACK OPENCL ITT)
  set(WITH_${library} OFF CACHE BOOL "")
endforeach()
