package dev.kindling.checkpoint.onnx;

import dev.kindling.checkpoint.ElementType;

/** What one element of a tensor is: {@code TensorProto.DataType} of the ONNX specification, in its order from 1 on. */
public enum OnnxType {
  FLOAT(ElementType.F32), UINT8(ElementType.U8), INT8(ElementType.I8), UINT16(ElementType.U16), INT16(
      ElementType.I16),
  INT32(ElementType.I32), INT64(ElementType.I64), STRING(null), BOOL(ElementType.BOOL), FLOAT16(
      ElementType.F16),
  DOUBLE(ElementType.F64), UINT32(ElementType.U32), UINT64(ElementType.U64), COMPLEX64(
      null),
  COMPLEX128(null), BFLOAT16(ElementType.BF16), FLOAT8E4M3FN(ElementType.F8_E4M3), FLOAT8E4M3FNUZ(
      null),
  FLOAT8E5M2(ElementType.F8_E5M2), FLOAT8E5M2FNUZ(null), UINT4(null), INT4(null), FLOAT4E2M1(null);

  private final ElementType element;

  OnnxType(ElementType element) {
    this.element = element;
  }

  /** The same among the types of safetensors; null where there is none. */
  public ElementType element() {
    return element;
  }

  /** @param id of the specification; @return null for one that is not known */
  static OnnxType of(int id) {
    return id < 1 || id > values().length ? null : values()[id - 1];
  }
}
