package dev.kindling.data.job;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/** What a set of encoded documents holds; tokens without the end-of-text ones. */
final class TokenCounts implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Map<String, Source> sources = new TreeMap<>();
  private final long[] lengths = new long[Integer.SIZE];

  /** What came from one source. @param whole of which texts all tokens are there */
  record Source(long documents, long tokens, long characters, Whole whole) implements Serializable {
    static final Source NONE = new Source(0, 0, 0, Whole.NONE);

    Source plus(Source other) {
      return new Source(documents + other.documents, tokens + other.tokens, characters + other.characters,
          whole.plus(other.whole));
    }
  }

  /** Texts that were not cut: those that were have fewer tokens than their words and bytes take. */
  record Whole(long tokens, long bytes, long words) implements Serializable {
    static final Whole NONE = new Whole(0, 0, 0);

    Whole plus(Whole other) {
      return new Whole(tokens + other.tokens, bytes + other.bytes, words + other.words);
    }

    /** 0 where there is none. */
    double tokensPerWord() {
      return words == 0 ? 0 : (double) tokens / words;
    }

    /** 0 where there is none. */
    double bytesPerToken() {
      return tokens == 0 ? 0 : (double) bytes / tokens;
    }
  }

  void add(EncodedDocument document) {
    int tokens = document.ids().length;
    Whole whole = document.cut() ? Whole.NONE : new Whole(tokens, document.bytes(), document.words());
    add(document.source(), new Source(1, tokens, document.characters(), whole));
    lengths[Integer.SIZE - Integer.numberOfLeadingZeros(tokens)]++;
  }

  TokenCounts plus(TokenCounts other) {
    TokenCounts sum = new TokenCounts();
    for (TokenCounts part : new TokenCounts[]{this, other}) {
      part.sources.forEach(sum::add);
      for (int i = 0; i < lengths.length; i++) sum.lengths[i] += part.lengths[i];
    }
    return sum;
  }

  private void add(String source, Source counts) {
    sources.merge(source, counts, Source::plus);
  }

  /** By name of the source. */
  Map<String, Source> sources() {
    return sources;
  }

  Source all() {
    return sources.values().stream().reduce(Source.NONE, Source::plus);
  }

  long documents() {
    return all().documents();
  }

  long tokens() {
    return all().tokens();
  }

  /** Documents by length: element 0 counts those without a token, element k those of 2^(k-1) to 2^k - 1 tokens. */
  long[] lengths() {
    return lengths.clone();
  }
}
