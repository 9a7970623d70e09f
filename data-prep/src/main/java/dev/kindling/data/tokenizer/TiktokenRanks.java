package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rank files of OpenAI's tiktoken, {@code cl100k_base.tiktoken} for one: a line a token, its bytes in base64, a space and its
 * rank, which is its id. They hold no merges: two neighbours become one token where their bytes together are a token, the lowest
 * rank first. {@code data-prep/FORMAT.md} says why one merge a token, as a {@code tokenizer.json} has it, comes to the same.
 */
public final class TiktokenRanks {
  private TiktokenRanks() {
  }

  /**
   * @param file the content of a rank file; @param where what errors call it
   * @param pattern the expression that goes with it, which the file does not name
   * @param special the ids of its special tokens, which it does not have either
   * @throws UserError where a line cannot be read or no {@code tokenizer.json} can have the same ids
   */
  public static Tokenizer read(String file, String where, WordPattern pattern, Map<String, Integer> special) {
    List<byte[]> tokens = tokens(file, where);
    Map<String, Integer> names = new HashMap<>();
    for (int id = 0; id < tokens.size(); id++)
      if (tokens.get(id) != null) names.put(ByteAlphabet.nameOf(tokens.get(id)), id);
    List<Vocabulary.AddedToken> added = special.entrySet().stream().sorted(Map.Entry.comparingByValue())
        .map(token -> new Vocabulary.AddedToken(token.getValue(), token.getKey(), true, false)).toList();
    for (Vocabulary.AddedToken token : added) {
      boolean free = token.id() >= tokens.size() || tokens.get(token.id()) == null;
      UserError.require(free, "the id of special token " + token.content(), token.id(), "one that no other token has");
    }
    Vocabulary vocabulary = new Vocabulary(names, merges(tokens, names, where), added, false, false, pattern.words(),
        true);
    return Tokenizer.parse(TokenizerJson.write(vocabulary), where);
  }

  /** @return bytes by rank, null where the file leaves one out */
  private static List<byte[]> tokens(String file, String where) {
    List<byte[]> tokens = new ArrayList<>();
    int number = 0;
    for (String line : file.lines().toList()) {
      number++;
      if (line.isBlank()) continue;
      String[] parts = line.split(" ");
      try {
        int rank = Integer.parseInt(parts[1]);
        byte[] bytes = Base64.getDecoder().decode(parts[0]);
        if (rank < 0 || rank > 1 << 24 || bytes.length == 0) throw new IllegalArgumentException();
        while (tokens.size() <= rank) tokens.add(null);
        if (tokens.set(rank, bytes) != null)
          throw new UserError(where + ":" + number + ": rank " + rank + " comes twice");
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
        throw new UserError(where + ":" + number + ": '" + line.substring(0, Math.min(80, line.length()))
            + "' is no token in base64 and its rank, such as 'IQ== 0'", e);
      }
    }
    return tokens;
  }

  private static List<MergeTable.Merge> merges(List<byte[]> tokens, Map<String, Integer> names, String where) {
    List<MergeTable.Merge> splits = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.get(id) == null) continue;
      String name = ByteAlphabet.nameOf(tokens.get(id));
      for (int at = 1; at < name.length(); at++) {
        Integer left = names.get(name.substring(0, at));
        Integer right = left == null ? null : names.get(name.substring(at));
        if (right != null) splits.add(new MergeTable.Merge(left, right, id));
      }
    }
    splits.sort(Comparator.comparingInt(MergeTable.Merge::whole));
    int[] ranks = splits.stream().mapToInt(MergeTable.Merge::whole).toArray();
    OrderedMerges ordered = OrderedMerges.of(splits, ranks, tokens.size(), ByteLevelTokenizer.byteIds(names, where));
    if (ordered == null)
      throw new UserError(
          where + " has a token that is made from one of a higher rank; no tokenizer.json has the ids that"
              + " tiktoken gives with it; only files whose ranks are in the order of training can be read");
    return ordered.merges();
  }
}
