package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.List;

/**
 * GPT-2's weights under llama.cpp's names and in its orientation: matrices as [out, in], where Hugging Face's file has
 * [in, out]. Norms, biases and positions stay float32, as llama.cpp's own converter keeps them; a row that Q8_0's
 * blocks do not divide is stored as F16.
 */
final class Gpt2Tensors {
  /** Elements that a transposition holds at once: 64 MB. */
  private static final long HELD = 1 << 24;
  private static final String[][] BLOCK = {{"ln_1", "attn_norm"}, {"attn.c_attn", "attn_qkv"},
      {"attn.c_proj", "attn_output"},
      {"ln_2", "ffn_norm"}, {"mlp.c_fc", "ffn_up"}, {"mlp.c_proj", "ffn_down"}};

  private final WeightSource weights;
  private final GgufType matrixType;
  private final List<GgufWriter.Tensor> all = new ArrayList<>();

  private Gpt2Tensors(WeightSource weights, GgufType matrixType) {
    this.weights = weights;
    this.matrixType = matrixType;
  }

  /** @param weights {@link Gpt2Config#tensors()}; @param matrixType of matrices */
  static List<GgufWriter.Tensor> of(Gpt2Config config, WeightSource weights, GgufType matrixType) {
    Gpt2Tensors tensors = new Gpt2Tensors(weights, matrixType);
    tensors.add("transformer.wte.weight", "token_embd.weight", matrixType);
    tensors.add("transformer.wpe.weight", "position_embd.weight", GgufType.F32);
    for (int n = 0; n < config.layers(); n++) {
      for (String[] names : BLOCK) {
        String from = "transformer.h." + n + "." + names[0], to = "blk." + n + "." + names[1];
        if (names[0].startsWith("ln_")) tensors.add(from + ".weight", to + ".weight", GgufType.F32);
        else tensors.addTransposed(from + ".weight", to + ".weight");
        tensors.add(from + ".bias", to + ".bias", GgufType.F32);
      }
    }
    tensors.add("transformer.ln_f.weight", "output_norm.weight", GgufType.F32);
    tensors.add("transformer.ln_f.bias", "output_norm.bias", GgufType.F32);
    // A tied head is written too: many releases of llama.cpp refuse a gpt2 file without.
    tensors.add(config.tiedHead() ? "transformer.wte.weight" : "lm_head.weight", "output.weight", matrixType);
    return tensors.all;
  }

  private static GgufType fitting(GgufType wanted, long rowLength) {
    return wanted.fits(rowLength) ? wanted : GgufType.F16;
  }

  private void add(String from, String to, GgufType type) {
    long[] shape = weights.find(from).shape();
    long columns = shape[shape.length - 1];
    all.add(new GgufWriter.Tensor(to, fitting(type, columns), shape,
        (row, into) -> weights.read(from, row * columns, into, 0, into.length)));
  }

  private void addTransposed(String from, String to) {
    TensorSpec spec = weights.find(from);
    int in = Math.toIntExact(spec.shape()[0]), out = Math.toIntExact(spec.shape()[1]);
    all.add(new GgufWriter.Tensor(to, fitting(matrixType, in), new long[]{out, in}, new Columns(from, in, out)));
  }

  /** The columns of a stored matrix [in, out] as rows, some columns at a time. */
  private final class Columns implements GgufWriter.Rows {
    private final String name;
    private final int in, out, width;
    private float[] held;                       // [in, heldWidth]
    private int heldFrom, heldWidth;

    Columns(String name, int in, int out) {
      this.name = name;
      this.in = in;
      this.out = out;
      this.width = (int) Math.max(1, Math.min(out, HELD / in));
    }

    @Override
    public void read(long row, float[] into) {
      int column = (int) row;
      if (held == null || column < heldFrom || column >= heldFrom + heldWidth) hold(column);
      for (int i = 0; i < in; i++) into[i] = held[i * heldWidth + column - heldFrom];
      if (column == out - 1) held = null;
    }

    private void hold(int from) {
      heldFrom = from;
      heldWidth = Math.min(width, out - from);
      held = new float[in * heldWidth];
      if (heldWidth == out) {
        weights.read(name, 0, held, 0, held.length);
      } else {
        for (int i = 0; i < in; i++) weights.read(name, (long) i * out + from, held, i * heldWidth, heldWidth);
      }
    }
  }
}
