/**
 * The files a model lives in: Hugging Face configurations, safetensors, the manifest that commits a checkpoint, GGUF.
 * Knows Hadoop's file systems and nothing of Spark, tensors or training. Read {@code Checkpoint} first.
 */
package dev.kindling.checkpoint;
