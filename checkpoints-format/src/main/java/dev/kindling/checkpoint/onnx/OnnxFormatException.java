package dev.kindling.checkpoint.onnx;

import java.io.IOException;

/** What is wrong within an ONNX file; the reader adds the file's name. */
final class OnnxFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  OnnxFormatException(String message) {
    super(message);
  }
}
