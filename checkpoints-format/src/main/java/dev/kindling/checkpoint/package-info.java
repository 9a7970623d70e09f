/**
 * What the files of a model are about: its configuration, its tensors' names and shapes, their hash, and the one
 * exception for a user's mistakes. Knows Hadoop's file systems and nothing of Spark, tensors in memory or training.
 *
 * <pre>
 *   safetensors   tensors in files             folder    a model in Hugging Face's layout
 *   commit        checkpoints of a run         gguf      models for llama.cpp
 *   onnx          models from ONNX files      inspect   what any of these holds
 * </pre>
 *
 * Each package uses those before it. Read {@link dev.kindling.checkpoint.ModelConfig} and
 * {@link dev.kindling.checkpoint.WeightSource} first.
 */
package dev.kindling.checkpoint;
