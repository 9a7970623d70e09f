"""transformers' side of `bench/run parity`: parity.py GOLDEN WRITTEN NAME. Loads the model that transformers wrote and the one
that Kindling wrote after reading it, and prints `parity NAME LARGEST-LOGIT LARGEST-LOGIT` of both
on the golden inputs, whose logits must be equal bit for bit.
"""
import sys

import torch
import transformers
from safetensors.torch import load_file


def logits(folder, inputs):
    config = transformers.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model, told = getattr(transformers, config.architectures[0]).from_pretrained(folder, config=config, output_loading_info=True)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if told[what]:
            sys.exit(f"{folder}: {what} {sorted(told[what])}")
    with torch.no_grad():
        return model.eval()(**inputs).logits


def main(golden, written, name):
    torch.set_num_threads(1)
    inputs = {k.removeprefix("input."): v for k, v in load_file(f"{golden}/{name}/golden.safetensors").items() if k.startswith("input.")}
    theirs, ours = logits(f"{golden}/{name}", inputs), logits(f"{written}/{name}", inputs)
    if not torch.equal(theirs, ours):
        sys.exit(f"{name}: logits differ by up to {(theirs - ours).abs().max().item()}")
    print("parity", name, theirs.abs().max().item(), ours.abs().max().item())


if __name__ == "__main__":
    main(*sys.argv[1:4])
