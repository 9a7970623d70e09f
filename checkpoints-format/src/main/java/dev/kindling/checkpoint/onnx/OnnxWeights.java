package dev.kindling.checkpoint.onnx;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.List;
import java.util.Map;

/** Weights of an ONNX file under other names, matrices turned to [out, in]. The last turned one is kept. */
final class OnnxWeights implements WeightSource {
  private final OnnxReader file;
  private final Map<String, OnnxMatrix> places;
  private final List<TensorSpec> tensors;
  private String turnedName = "";
  private float[] turned = {};

  OnnxWeights(OnnxReader file, Map<String, OnnxMatrix> places, List<TensorSpec> tensors) {
    this.file = file;
    this.places = places;
    this.tensors = List.copyOf(tensors);
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors;
  }

  @Override
  public synchronized void read(String name, long from, float[] into, int offset, int count) {
    OnnxMatrix place = places.get(name);
    if (place == null) throw new IllegalArgumentException("no tensor " + name);
    if (!place.transposed()) {
      file.read(place.tensor().name(), from, into, offset, count);
      return;
    }
    if (!name.equals(turnedName)) turn(name, place);
    System.arraycopy(turned, Math.toIntExact(from), into, offset, count);
  }

  private void turn(String name, OnnxMatrix place) {
    float[] stored = file.read(place.tensor().name());
    int out = Math.toIntExact(place.shape()[0]), in = Math.toIntExact(place.shape()[1]);
    turned = new float[stored.length];
    for (int i = 0; i < in; i++) { for (int o = 0; o < out; o++) turned[o * in + i] = stored[i * out + o]; }
    turnedName = name;
  }
}
