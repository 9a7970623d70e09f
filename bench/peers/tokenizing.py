"""Python's sides of `bench/run tokenize`: one warm process a library, timed in windows on request.

tokenizing.py tokenizers|tiktoken VOCABULARY TEXTS THREADS. VOCABULARY is a folder with ranks.tiktoken and tokenizer.json, TEXTS a
JSON list of strings. Prints `ready LIBRARY VERSION CHECKSUM-OF-ALL-IDS`, then for each line `go SECONDS` on standard input
encodes all texts again and again for about that long and prints `window BYTES SECONDS`; at the end `peak 0`.
"""
import array
import base64
import json
import os
import sys
import time
import zlib

CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PATTERNS = {
    # possessive where it makes no difference, as tiktoken's own are
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s*[\r\n]"
                   r"|\s+(?!\S)|\s+",
    "o200k_base": "|".join([
        r"[^\r\n\p{L}\p{N}]?" + UPPER + "*" + LOWER + "+" + CONTRACTION + "?",
        r"[^\r\n\p{L}\p{N}]?" + UPPER + "+" + LOWER + "*" + CONTRACTION + "?",
        r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"]),
}


def of_tiktoken(folder, threads):
    import tiktoken
    with open(os.path.join(folder, "ranks.tiktoken"), "rb") as lines:
        ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line.strip())}
    name = os.path.basename(folder)
    encoding = tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})
    if threads == 1:
        return tiktoken.__version__, lambda texts: [encoding.encode_ordinary(text) for text in texts]
    return tiktoken.__version__, lambda texts: encoding.encode_ordinary_batch(texts, num_threads=threads)


def of_tokenizers(folder, threads):
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    import tokenizers
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    return tokenizers.__version__, lambda texts: [
        encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def main():
    library, folder, file, threads = sys.argv[1:]
    version, encode = {"tiktoken": of_tiktoken, "tokenizers": of_tokenizers}[library](folder, int(threads))
    with open(file, encoding="utf-8") as texts:
        texts = json.load(texts)
    size = sum(len(text.encode()) for text in texts)
    checksum = 0
    for ids in encode(texts):
        checksum = zlib.crc32(array.array("i", ids).tobytes(), checksum)
    print("ready", library, version, checksum, flush=True)
    for line in sys.stdin:
        seconds = float(line.split()[1])
        start = time.perf_counter()
        work = 0
        while work == 0 or time.perf_counter() - start < seconds:
            encode(texts)
            work += size
        print("window", work, time.perf_counter() - start, flush=True)
    print("peak 0", flush=True)


main()
