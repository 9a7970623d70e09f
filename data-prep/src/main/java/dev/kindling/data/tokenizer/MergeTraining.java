package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.IntConsumer;

/** Tokens that become more: of the commonest pair of neighbours one token at a time, until there are as many as asked. */
final class MergeTraining {
  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();

  /** @return the id of a token, a new one where it is new */
  int add(String token) {
    Integer known = ids.putIfAbsent(token, tokens.size());
    if (known != null) return known;
    tokens.add(token);
    return tokens.size() - 1;
  }

  int size() {
    return tokens.size();
  }

  /** Every token and its id. */
  Map<String, Integer> ids() {
    return ids;
  }

  /**
   * @param search over the words, in ids that are known here; @param join names the token of two neighbours
   * @return the merges in their order
   * @throws UserError where the words have too few different pairs for so large a vocabulary
   */
  List<MergeTable.Merge> merge(MergeSearch search, BinaryOperator<String> join, int vocabularySize,
      IntConsumer progress) {
    List<MergeTable.Merge> merges = new ArrayList<>();
    while (size() < vocabularySize) {
      long pair = search.best();
      if (pair == MergeSearch.NONE)
        throw new UserError("vocabularySize is " + vocabularySize + "; this corpus has only "
            + size() + " different tokens; ask for at most that many, or give more text");
      int left = (int) (pair >>> 32);
      int right = (int) pair;
      // Two pairs can make the same token, (a, aa) and (aa, a): the second merge leads to the token of the first.
      int id = add(join.apply(tokens.get(left), tokens.get(right)));
      merges.add(new MergeTable.Merge(left, right, id));
      search.merge(pair, id);
      progress.accept(size());
    }
    return merges;
  }
}
