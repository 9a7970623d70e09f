"""Makes tokenizer.json and expected.json: a small byte-level BPE and what Hugging Face's tokenizers say of some texts.

Needs tokenizers; run it in this folder. The results are committed, the build does not need Python.
"""
import json
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=300, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
text = ["The state of the union is strong, and the people of the states are stronger than the state itself."] * 5
tokenizer.train_from_iterator(text, trainer)
tokenizer.save("tokenizer.json")

texts = [
    "The state of the union", "the  people\n\nare   strong ", "don't we'll I'VE they're", "1234 567,89 x=y+2;",
    "Größe, naïve café, Москва, 東京, \U0001f600!", "\ttabs\tand\r\nlines\n", " leading and trailing  ", "",
    f"one{END}two", "a\u0301 \u200d \u00a0 \ufeff end",
]
with open("expected.json", "w") as out:
    cases = [{"text": t, "ids": tokenizer.encode(t).ids} for t in texts]
    out.write("[\n" + ",\n".join(" " + json.dumps(c) for c in cases) + "\n]\n")
