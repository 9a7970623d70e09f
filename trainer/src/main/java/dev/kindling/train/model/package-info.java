/**
 * Models as the loop sees them: a {@link TrainableModel} with one flat vector of {@link Parameter}s that takes
 * {@link MicroBatch}es. Decoders are {@link LanguageModel}s; {@link EncoderModel} is BERT's kin under its heads,
 * {@link T5Model} an encoder with a decoder. Read {@link DecoderModel} first.
 */
package dev.kindling.train.model;
