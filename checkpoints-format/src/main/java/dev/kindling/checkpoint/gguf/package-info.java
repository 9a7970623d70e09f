/**
 * GGUF, the one-file format of llama.cpp and what builds on it: weights, configuration and tokenizer side by side. In
 * goes a {@link dev.kindling.checkpoint.folder.ModelFolder}. Read {@link dev.kindling.checkpoint.gguf.GgufExport}
 * first, then {@link dev.kindling.checkpoint.gguf.GgufWriter} for the format.
 */
package dev.kindling.checkpoint.gguf;
