/**
 * A model in a folder of Hugging Face's layout: {@code config.json}, {@code model.safetensors}, {@code tokenizer.json}
 * and {@code generation_config.json}. Read {@link dev.kindling.checkpoint.folder.ModelFolder} first.
 */
package dev.kindling.checkpoint.folder;
