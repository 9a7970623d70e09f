package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenCountsTest {
  @Test
  void fertilityIsThatOfTextsWhoseTokensAreAllThere() {
    TokenCounts some = new TokenCounts();
    some.add(document(6, false, 20, 4));
    some.add(document(8, true, 4_000, 700));
    TokenCounts more = new TokenCounts();
    more.add(document(4, false, 30, 6));
    TokenCounts.Source all = some.plus(more).all();
    assertThat(all.documents()).isEqualTo(3);
    assertThat(all.tokens()).isEqualTo(18);
    assertThat(all.characters()).isEqualTo(4_050);
    assertThat(all.whole().tokensPerWord()).isEqualTo(1);
    assertThat(all.whole().bytesPerToken()).isEqualTo(5);
  }

  @Test
  void whereAllWasCutThereIsNone() {
    TokenCounts counts = new TokenCounts();
    counts.add(document(8, true, 4_000, 700));
    assertThat(counts.all().whole().tokensPerWord()).isZero();
    assertThat(counts.all().whole().bytesPerToken()).isZero();
  }

  private static EncodedDocument document(int tokens, boolean cut, int characters, long words) {
    return new EncodedDocument(new int[tokens], null, 0, null, cut, "books", "books.jsonl", 0, characters, characters,
        words);
  }
}
