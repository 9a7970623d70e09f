"""How well the pieces that Hugging Face's own unigram trainer finds in the bundled corpus fit it, for UnigramTrainerTest:

    python golden/unigram.py >golden/unigram.json

Made with tokenizers 0.23.2. Run it in the root of the repository. Which pieces it finds depends on the order of its sums, so this has
measures of them: tokens, and the logarithm of the probability of the corpus by its most probable cuts.
"""
import gzip
import json

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

SIZE = 4096
with gzip.open("data-prep/src/main/resources/corpus/state-of-the-union.jsonl.gz", "rt", encoding="utf-8") as lines:
    texts = [json.loads(line)["text"] for line in lines]
tokenizer = Tokenizer(models.Unigram())
tokenizer.normalizer = normalizers.Sequence([
    normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()])
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
special = ["<pad>", "</s>", "<unk>"]
tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(
    vocab_size=SIZE, show_progress=False, special_tokens=special, unk_token="<unk>"))
scores = dict(map(tuple, json.loads(tokenizer.to_str())["model"]["vocab"]))
words = tokens = 0
logarithm = 0.0
for text in texts:
    encoded = tokenizer.encode(text, add_special_tokens=False)
    words += sum(1 for token in encoded.tokens if token.startswith("\u2581"))
    tokens += len(encoded.tokens)
    logarithm += sum(scores[token] for token in encoded.tokens)
pieces = len(scores) - len(special)
print(json.dumps({"pieces": pieces, "words": words, "tokens": tokens, "logarithm": round(logarithm, 1)}))
