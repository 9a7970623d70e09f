package dev.kindling.jobs.evaluate;

import dev.kindling.data.shard.PackedDataset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The documents behind packed rows, for models that count n-grams. */
public final class PackedDocuments {
  private PackedDocuments() {
  }

  /**
   * Rows hold one stream, an end-of-text token before the first document and after each, and a row begins with the token that
   * the row before ends with.
   *
   * @return each document with the end-of-text token before and behind it: from place 1 on, every target of the rows once
   */
  public static List<int[]> of(PackedDataset rows) {
    int end = rows.info().endOfText();
    List<int[]> documents = new ArrayList<>();
    int[] document = new int[1 << 10];
    int length = 0;
    for (long row = 0; row < rows.rows(); row++) {
      int[] tokens = rows.tokens(row);
      int last = rows.targets(row);
      for (int i = row == 0 ? 0 : 1; i <= last; i++) {
        if (length == document.length) document = Arrays.copyOf(document, 2 * length);
        document[length++] = tokens[i];
        if (tokens[i] == end && length > 1) {
          documents.add(Arrays.copyOf(document, length));
          document[0] = end;
          length = 1;
        }
      }
    }
    return documents;
  }
}
