"""The merges that Hugging Face's own trainer learns from the bundled corpus, for HuggingFaceAgreementTest:

    python golden/merges.py >golden/merges.txt

Made with tokenizers 0.23.2. Run it in the root of the repository.
"""
import gzip
import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

with gzip.open("data-prep/src/main/resources/corpus/state-of-the-union.jsonl.gz", "rt", encoding="utf-8") as lines:
    texts = [json.loads(line)["text"] for line in lines]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
    vocab_size=2048, min_frequency=0, show_progress=False, special_tokens=["<|endoftext|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
for left, right in json.loads(tokenizer.to_str())["model"]["merges"]:
    print(left, right)
