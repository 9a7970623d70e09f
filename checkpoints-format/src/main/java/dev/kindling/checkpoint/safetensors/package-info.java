/**
 * The safetensors format: tensors by name in one file or in shards with an index. In go and out come a
 * {@link dev.kindling.checkpoint.WeightSource}. Read {@link dev.kindling.checkpoint.safetensors.SafetensorsHeader}
 * first.
 */
package dev.kindling.checkpoint.safetensors;
