"""MediaPipe without its greetings on standard error and without warnings about its own use of other packages."""

import os
import warnings

os.environ.setdefault("GLOG_minloglevel", "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mediapipe import solutions

# Raised by protobuf at each new graph.
warnings.filterwarnings("ignore", category=UserWarning, module="google.protobuf")

__all__ = ["solutions"]
