/**
 * Text to token ids and back: byte-level byte-pair encoding as GPT-2 has it (Radford et al. 2019; Sennrich et al. 2016) BERT's
 * WordPiece and T5's unigram pieces, with the same ids as Hugging Face tokenizers. Comes in: text, or counted words for training. Goes out: ids, or a
 * {@code tokenizer.json}. Read {@link dev.kindling.data.tokenizer.Tokenizer} first, then
 * {@link dev.kindling.data.tokenizer.BpeTrainer}.
 */
package dev.kindling.data.tokenizer;
