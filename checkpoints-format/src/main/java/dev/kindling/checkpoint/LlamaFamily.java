package dev.kindling.checkpoint;

/** The families that {@link LlamaConfig} describes: what is fixed for one, and what its files leave out. */
public enum LlamaFamily {
  /** Touvron et al. 2023, arXiv:2302.13971, and what followed. */
  LLAMA("llama", "LlamaForCausalLM"),
  /** Jiang et al. 2023, arXiv:2310.06825: sliding windows. */
  MISTRAL("mistral", "MistralForCausalLM"),
  /** Yang et al. 2024, arXiv:2407.10671: biases of queries, keys and values. */
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  /** Yang et al. 2025, arXiv:2505.09388: norms of query and key heads. */
  QWEN3("qwen3", "Qwen3ForCausalLM"),
  /** Abdin et al. 2024, arXiv:2404.14219: fused projections. */
  PHI3("phi3", "Phi3ForCausalLM"),
  /** Riviere et al. 2024, arXiv:2408.00118: soft caps, norms before and after, alternating windows. */
  GEMMA2("gemma2", "Gemma2ForCausalLM"),
  /** Jiang et al. 2024, arXiv:2401.04088: a mixture of experts. */
  MIXTRAL("mixtral", "MixtralForCausalLM");

  private final String modelType;
  private final String architecture;

  LlamaFamily(String modelType, String architecture) {
    this.modelType = modelType;
    this.architecture = architecture;
  }

  /** Hugging Face's {@code model_type}. */
  public String modelType() {
    return modelType;
  }

  /** The class in transformers that loads it. */
  public String architecture() {
    return architecture;
  }

  /** Whether queries, keys and values are one matrix, and gate and up another. */
  public boolean fused() {
    return this == PHI3;
  }

  /** Whether each head's query and key are normed. */
  public boolean normsHeads() {
    return this == QWEN3;
  }

  /** Whether a branch is normed once more before it is added to the residual stream. */
  public boolean normsBranches() {
    return this == GEMMA2;
  }

  /** What a norm's weights are counted from: 1 where they are stored as their distance from it. */
  public float normOffset() {
    return this == GEMMA2 ? 1 : 0;
  }

  /** Whether embeddings are multiplied with the root of the width. */
  public boolean scalesEmbeddings() {
    return this == GEMMA2;
  }

  /** Whether only some layers may have a window. */
  boolean listsLayerTypes() {
    return this == QWEN2 || this == QWEN3 || this == GEMMA2;
  }

  float usualEpsilon() {
    return this == PHI3 || this == MIXTRAL ? 1e-5f : 1e-6f;
  }

  double usualTheta() {
    return this == MIXTRAL ? 1_000_000 : 10_000;
  }

  /** 0: width over heads. */
  int usualHeadWidth() {
    return this == QWEN3 ? 128 : this == GEMMA2 ? 256 : 0;
  }

  /** 0: as many as query heads. */
  int usualKeyValueHeads() {
    return switch (this) {
      case MISTRAL, MIXTRAL -> 8;
      case QWEN2, QWEN3 -> 32;
      case GEMMA2 -> 4;
      default -> 0;
    };
  }

  /** 0: none. */
  int usualWindow() {
    return this == MISTRAL || this == GEMMA2 || this == QWEN2 || this == QWEN3 ? 4096 : 0;
  }
}
