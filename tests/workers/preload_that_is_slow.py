"""A module that takes its time, as numpy and OpenCV do."""

import time

time.sleep(0.5)
