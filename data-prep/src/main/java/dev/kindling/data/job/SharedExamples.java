package dev.kindling.data.job;

import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.Serializable;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** How examples become tokens, on its way to the executors. */
sealed interface SharedExamples extends Serializable
    permits SharedConversations, SharedLabelledTexts, SharedPairs, SharedTaggedWords {
  /** @return empty where documents are texts */
  static Optional<SharedExamples> of(Configuration conf, PrepOptions options, Tokenizer tokenizer) {
    if (!options.packing().isOfExamples()) return Optional.empty();
    return Optional.of(switch (options.packing()) {
      case CLASSIFICATION -> new SharedLabelledTexts(tokenizer, options.sequenceLength(), options.labelKind());
      case TOKEN_CLASSIFICATION -> new SharedTaggedWords(tokenizer, options.sequenceLength());
      case SEQUENCE_TO_SEQUENCE -> new SharedPairs(tokenizer, options.sequenceLength());
      default -> SharedConversations.of(conf, options, tokenizer);
    });
  }

  /** @param document of which something can be learned */
  EncodedDocument encode(CleanDocument document);

  /** Why nothing can be learned of an example; empty: something can. @param json as {@link dev.kindling.data.corpus.Example} writes it */
  Optional<String> refusal(String json);

  /** What decides besides the options and the tokenizer, in a user's words. */
  Map<String, String> settings();

  /** The same when it is known what labels there are. */
  default SharedExamples knowing(DatasetLabels labels) {
    return this;
  }
}
