package dev.kindling.jobs.model;

import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Memory;

/**
 * Loads every native library once and ends: container images are built so, with the libraries unpacked where
 * {@code org.bytedeco.javacpp.cachedir} and {@code DJL_CACHE_DIR} say, and no executor spends its start on it.
 */
public final class UnpackNatives {
  private static final String SMALLEST_TOKENIZER = """
      {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}""";

  private UnpackNatives() {
  }

  public static void main(String[] args) {
    String kernels = NativeCache.loading(() -> {
      try (Memory memory = Memory.allocate(1); Kernels best = KernelLibraries.best(1)) {
        return best.describe() + (memory.bytes() > 0 ? ", memory by ND4J" : "");
      }
    });
    try (HubTokenizer tokenizer = HubTokenizer.parse(SMALLEST_TOKENIZER, "the smallest tokenizer", 8)) {
      System.out.println("natives: " + kernels + ", tokenizers (" + tokenizer.encode("a").ids().length + " token)");
    }
  }
}
