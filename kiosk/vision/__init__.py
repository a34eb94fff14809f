"""Pixels to numbers: OpenCV, MediaPipe, ONNX Runtime, OCR. Pixels stop here."""
