"""Made bert-*.onnx and bert.safetensors beside it: python make.py OUT.onnx ATTENTION OPSET (eager 17; sdpa 14).

A tiny BERT with random weights, exported by PyTorch 2.13 (its TorchScript exporter) from transformers 5.18.
"""
import sys
import torch
import torch.onnx._internal.torchscript_exporter.onnx_proto_utils as onnx_proto_utils
from transformers import BertConfig, BertModel

onnx_proto_utils._add_onnxscript_fn = lambda model, functions: model  # there are none; spares the onnx package
out, attention, opset = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.manual_seed(12)
bert = BertModel(BertConfig(vocab_size=37, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
                            intermediate_size=20, max_position_embeddings=16, attn_implementation=attention)).eval()
for name, weight in bert.named_parameters():
    torch.nn.init.normal_(weight, 1.0 if "LayerNorm.weight" in name else 0.0, 0.4)


class Exported(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.auto_model = bert

    def forward(self, ids, mask, types):
        states = self.auto_model(input_ids=ids, attention_mask=mask, token_type_ids=types)
        return states.last_hidden_state, states.pooler_output


ids = torch.tensor([[1, 5, 9, 2], [1, 7, 2, 0]])
names = ["input_ids", "attention_mask", "token_type_ids"]
torch.onnx.export(Exported().eval(), (ids, (ids != 0).long(), torch.zeros_like(ids)), out, input_names=names,
                  output_names=["last_hidden_state", "pooler_output"], opset_version=opset, dynamo=False,
                  dynamic_axes={name: {0: "batch", 1: "time"} for name in names})
bert.save_pretrained(out + ".hf")
