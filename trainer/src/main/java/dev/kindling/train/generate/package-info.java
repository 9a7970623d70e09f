/**
 * Text from a trained model, token by token: {@link Generator} feeds a {@link dev.kindling.train.model.LanguageModel}'s
 * sequence what a {@link Sampler} picks. Read {@link Generator} first.
 */
package dev.kindling.train.generate;
