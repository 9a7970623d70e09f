"""The WordPiece vocabulary that Hugging Face's own trainer learns from the bundled corpus, for WordPieceTrainerTest:

    python golden/wordpieces.py >golden/wordpieces.txt

Made with tokenizers 0.23.2. Run it in the root of the repository. The trainer numbers the characters that go on with a word as it
comes upon them in a hash map, each time in another order, which decides between pairs that occur equally often: here all
characters stand before the training in the order of their code points, as if they were special tokens.
"""
import gzip
import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

with gzip.open("data-prep/src/main/resources/corpus/state-of-the-union.jsonl.gz", "rt", encoding="utf-8") as lines:
    texts = [json.loads(line)["text"] for line in lines]
tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
words = set()
for text in texts:
    words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)))
characters = sorted(set("".join(words))) + ["##" + c for c in sorted(set("".join(word[1:] for word in words)))]
tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(
    vocab_size=4096, min_frequency=0, show_progress=False,
    special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + characters))
for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1]):
    print(token)
