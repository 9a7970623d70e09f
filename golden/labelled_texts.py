"""What transformers makes of texts and of pairs of texts for a classifier: labelled-texts.json (transformers 5.18.0, tokenizers 0.23.2).

    python golden/labelled_texts.py golden/labelled-texts.json
"""
import json
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = [
    "The film is a quiet wonder, and I would see it again.",
    "Dull, loud and far too long.",
    "A man plays a guitar on the street while people are walking by.",
    "Someone makes music outside.",
    "Nobody is there",
    "no",
]
PAIRS = [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4), (2, 2), (0, 5)]
ROOM = [60, 15, 14, 12, 9, 6, 4]  # for tokens beside special ones


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=90, special_tokens=special))
    return tokenizer


def bert_template():
    tokenizer = wordpiece()
    ids = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids)
    return tokenizer


def bert_processing():
    tokenizer = wordpiece()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", tokenizer.token_to_id("[SEP]")), ("[CLS]", tokenizer.token_to_id("[CLS]")))
    return tokenizer


def byte_level(special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet))
    return tokenizer


def roberta():
    tokenizer = byte_level(["<s>", "<pad>", "</s>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def llama():
    tokenizer = byte_level(["<|begin_of_text|>", "<|endoftext|>"])
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
        special_tokens=[("<|begin_of_text|>", 0)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), template])
    return tokenizer


def gpt2():
    tokenizer = byte_level(["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def encoded(tokenizer, texts, length):
    out = tokenizer(*texts, truncation="longest_first", max_length=length, return_token_type_ids=True)
    return {"texts": list(texts), "longest": length, "ids": out["input_ids"], "types": out["token_type_ids"]}


def agreed(fast, texts, room):
    """Of a pair that loses tokens of both texts the library gives an odd token to either, by how far it has read: left out."""
    lengths = [len(fast(text, add_special_tokens=False)["input_ids"]) for text in texts]
    return len(texts) == 1 or room % 2 == 0 or sum(lengths) <= room or min(lengths) <= room // 2


def main(path):
    tokenizers = {}
    for make in (bert_template, bert_processing, roberta, llama, gpt2):
        backend = make()
        fast = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(backend.to_str()))
        cases = []
        for room in ROOM:
            for texts in [(text,) for text in TEXTS] + [(TEXTS[a], TEXTS[b]) for a, b in PAIRS]:
                special = fast.num_special_tokens_to_add(pair=len(texts) == 2)
                if agreed(fast, texts, room):
                    cases.append(encoded(fast, texts, room + special))
        tokenizers[make.__name__] = {"tokenizer": json.loads(backend.to_str()), "cases": cases}
    with open(path, "w", encoding="utf-8") as out:
        json.dump(tokenizers, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
