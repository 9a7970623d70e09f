package dev.kindling.data.job;

import dev.kindling.data.tokenizer.Tokenizer;
import java.io.Serializable;

/** A tokenizer on its way to the executors: it travels as its file and is built once in each. */
final class SharedTokenizer implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String json;
  private transient Tokenizer tokenizer;

  SharedTokenizer(Tokenizer tokenizer) {
    json = tokenizer.json();
  }

  synchronized Tokenizer get() {
    if (tokenizer == null) tokenizer = Tokenizer.parse(json, Tokenizer.FILE);
    return tokenizer;
  }
}
