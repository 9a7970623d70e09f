package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.ChatException;
import dev.kindling.data.chat.ChatTemplate;
import dev.kindling.data.chat.ExampleEncoder;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Examples of what to say: tokenizer and template travel as their files and are built once in each executor. */
final class SharedConversations implements SharedExamples {
  private static final long serialVersionUID = 1L;

  private final SharedTokenizer tokenizer;
  private final String template;
  private final TreeMap<String, String> special;
  private final int longest;
  private final boolean pairs;
  private transient ExampleEncoder encoder;

  /** @param longest tokens of an example; @param pairs whether an example is one */
  private SharedConversations(Tokenizer tokenizer, Optional<ChatTemplate> template, int longest, boolean pairs) {
    this.tokenizer = new SharedTokenizer(tokenizer);
    this.template = template.map(ChatTemplate::source).orElse(null);
    special = new TreeMap<>(template.map(ChatTemplate::special).orElse(Map.of()));
    this.longest = longest;
    this.pairs = pairs;
  }

  /** With the template that the options name, or the one beside the tokenizer. */
  static SharedConversations of(Configuration conf, PrepOptions options, Tokenizer tokenizer) {
    Path folder = new Path(options.chatTemplate().orElse(options.tokenizer().get()));
    if (folder.getName().endsWith(".json")) folder = folder.getParent();
    Optional<ChatTemplate> template = folder.getName().endsWith(".jinja")
        ? Optional.of(ChatTemplate.read(conf, folder, new Path(options.tokenizer().get())))
        : ChatTemplate.load(conf, folder);
    if (template.isEmpty() && options.chatTemplate().isPresent())
      throw new UserError("chatTemplate " + folder + " has none: neither " + ChatTemplate.FILE
          + " nor a chat_template in tokenizer_config.json; name a .jinja file or a folder with one of them");
    return new SharedConversations(tokenizer, template, options.sequenceLength() + 1,
        options.packing() == Packing.PREFERENCE);
  }

  private synchronized ExampleEncoder encoder() {
    if (encoder == null)
      encoder = new ExampleEncoder(tokenizer.get(),
          Optional.ofNullable(template).map(text -> ChatTemplate.parse(text, ChatTemplate.FILE, special)), longest,
          pairs);
    return encoder;
  }

  @Override
  public EncodedDocument encode(CleanDocument document) {
    return EncodedDocument.of(document, encoder().encode(document.text()));
  }

  @Override
  public Optional<String> refusal(String json) {
    try {
      encoder().encode(json);
      return Optional.empty();
    } catch (ChatException e) {
      return Optional.of(e.getMessage());
    }
  }

  /** Of the template SHA-256 over it and the special tokens that it may name; {@code none} without one. */
  @Override
  public Map<String, String> settings() {
    return Map.of("chatTemplate", template == null ? "none" : Fingerprint.of(template + "\n" + special));
  }
}
