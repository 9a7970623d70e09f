package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The regular expressions that published tokenizers cut text with, in the spellings that their files use. */
public enum WordPattern {
  /** GPT-2, RoBERTa and most that were trained since. */
  GPT2(new Gpt2Words(),
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"),
  /**
   * GPT-4's as OpenAI has had it since 2024. OpenAI's file says <code>{1,3}+</code>, which only possesses in its own engine; in
   * Hugging Face's that would be any number of digits.
   */
  CL100K(new Cl100kWords(3, true),
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$"
          + "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s"),
  /** GPT-4's as it was first, and so Llama 3's. */
  LLAMA3(new Cl100kWords(3, false),
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
          + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"
          + "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"),
  /** Qwen 2, 2.5 and 3. */
  QWEN2(new Cl100kWords(1, false),
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
          + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  /** GPT-4o. */
  O200K(new O200kWords(),
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
          + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private final PreTokenizer words;
  private final List<String> spellings;

  WordPattern(PreTokenizer words, String... spellings) {
    this.words = words;
    this.spellings = List.of(spellings);
  }

  public PreTokenizer words() {
    return words;
  }

  /** The expression in its commonest spelling. */
  public String regex() {
    return spellings.get(0);
  }

  List<String> spellings() {
    return spellings;
  }

  static Optional<WordPattern> of(String regex) {
    return Arrays.stream(values()).filter(pattern -> pattern.spellings.contains(regex)).findFirst();
  }

  static WordPattern of(PreTokenizer words) {
    return Arrays.stream(values()).filter(pattern -> pattern.words.equals(words)).findFirst().orElseThrow();
  }

  /** @param name in any case; @return the pattern of that name, if there is one */
  public static Optional<WordPattern> named(String name) {
    return Arrays.stream(values()).filter(pattern -> pattern.name().equalsIgnoreCase(name)).findFirst();
  }

  /** What a user can call them: {@code gpt2, cl100k, ...}. */
  public static String names() {
    return Arrays.stream(values()).map(pattern -> pattern.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }
}
