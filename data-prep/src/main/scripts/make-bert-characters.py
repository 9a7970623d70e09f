"""What BERT's normaliser and pre-tokenizer make of each code point, as Hugging Face tokenizers has them:

    python data-prep/src/main/scripts/make-bert-characters.py data-prep/src/main/resources/dev/kindling/data/tokenizer

Made with tokenizers 0.23.2. Writes bert-classes.txt and bert-letters.txt.
"""
import sys

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

OFF = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
clean = BertNormalizer(**{**OFF, "clean_text": True})
chinese = BertNormalizer(**{**OFF, "handle_chinese_chars": True})
letters = BertNormalizer(**{**OFF, "strip_accents": True, "lowercase": True})
words = BertPreTokenizer()
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def class_of(c):
    cleaned = clean.normalize_str(chr(c))
    if cleaned == "":
        return "D"                                  # dropped
    if cleaned == " ":
        return "S"                                  # a space
    if chinese.normalize_str(chr(c)) != chr(c):
        return "I"                                  # an ideograph, a word of its own
    cut = len(words.pre_tokenize_str("a" + chr(c) + "b"))
    assert cut in (1, 3), hex(c)
    return "P" if cut == 3 else None                # punctuation, a word of its own


def ranges():
    first = before = None
    for c in CODE_POINTS + [0x110000]:
        now = class_of(c) if c < 0x110000 else None
        if now != before:
            if before:
                yield f"{first:04X} {c - 1 if c != 0xE000 else 0xD7FF:04X} {before}"
            first, before = c, now


folder = sys.argv[1]
made = f"tokenizers {tokenizers.__version__}"
with open(folder + "/bert-classes.txt", "w", encoding="ascii") as out:
    print(f"# Code points by what BERT does with them ({made}): first, last, D dropped, S space, I ideograph,", file=out)
    print("# P punctuation. make-bert-characters.py made this file.", file=out)
    for line in ranges():
        print(line, file=out)
with open(folder + "/bert-letters.txt", "w", encoding="ascii") as out:
    print(f"# Code points that are others without accents and capitals ({made}), and which, if any;", file=out)
    print("# without the syllables of Hangul, U+AC00 to U+D7A3. make-bert-characters.py made this file.", file=out)
    for c in CODE_POINTS:
        if 0xAC00 <= c <= 0xD7A3:
            continue
        changed = letters.normalize_str(chr(c))
        if changed != chr(c):
            print(" ".join(f"{ord(x):04X}" for x in chr(c) + changed), file=out)
