package dev.kindling.data.job;

import dev.kindling.data.chat.ChatTemplate;
import dev.kindling.data.chat.ExampleEncoder;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.Serializable;
import java.util.Optional;
import java.util.TreeMap;

/** How examples become tokens, on its way to the executors: tokenizer and template travel as their files and are built once in each. */
final class SharedExamples implements Serializable {
  private static final long serialVersionUID = 1L;

  private final SharedTokenizer tokenizer;
  private final String template;
  private final TreeMap<String, String> special;
  private final int longest;
  private final boolean pairs;
  private transient ExampleEncoder encoder;

  /** @param longest tokens of an example; @param pairs whether an example is one */
  SharedExamples(Tokenizer tokenizer, Optional<ChatTemplate> template, int longest, boolean pairs) {
    this.tokenizer = new SharedTokenizer(tokenizer);
    this.template = template.map(ChatTemplate::source).orElse(null);
    special = new TreeMap<>(template.map(ChatTemplate::special).orElse(java.util.Map.of()));
    this.longest = longest;
    this.pairs = pairs;
  }

  synchronized ExampleEncoder get() {
    if (encoder == null)
      encoder = new ExampleEncoder(tokenizer.get(),
          Optional.ofNullable(template).map(text -> ChatTemplate.parse(text, ChatTemplate.FILE, special)), longest,
          pairs);
    return encoder;
  }

  /** SHA-256 of the template and the special tokens that it may name; {@code none} without one. */
  String templateFingerprint() {
    return template == null ? "none" : Fingerprint.of(template + "\n" + special);
  }
}
