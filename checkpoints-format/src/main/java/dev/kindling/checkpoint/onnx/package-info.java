/**
 * Models in ONNX files: their graphs and their weights, as far as a model of ours can be made of them. In goes a file of
 * the ONNX specification's {@code onnx.proto3}; out come a {@link dev.kindling.checkpoint.WeightSource}, the nodes that
 * use the weights and, for BERT, a configuration. Read {@link dev.kindling.checkpoint.onnx.OnnxReader} first, then
 * {@link dev.kindling.checkpoint.onnx.OnnxBert}.
 */
package dev.kindling.checkpoint.onnx;
