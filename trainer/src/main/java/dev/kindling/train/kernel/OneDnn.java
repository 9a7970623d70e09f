package dev.kindling.train.kernel;

import static org.bytedeco.dnnl.global.dnnl.*;

import dev.kindling.train.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/** The little of oneDNN's C API that the kernels need: the processor's engine, and descriptors of matrices. */
final class OneDnn {
  /** Rows to whole multiples of which {@link #panels} are filled up: of float32, and of bf16. */
  static final int STEP = 16;
  static final int PAIRED_STEP = 32;
  /** Columns of a panel. */
  static final int PANEL = 64;
  private static final dnnl_engine ENGINE = new dnnl_engine();
  private static final boolean BFLOAT16;
  private static final Map<Layout, dnnl_memory_desc> LAYOUTS = new ConcurrentHashMap<>();
  private static final Map<Layout, Boolean> PANELS = new ConcurrentHashMap<>();

  static {
    Nd4j.getBackend();                           // its native operations are found by its own start alone
    Loader.load(org.bytedeco.dnnl.global.dnnl.class);
    check(dnnl_engine_create(ENGINE, dnnl_cpu, 0));
    BFLOAT16 = multipliesBfloat16();
  }

  private OneDnn() {
  }

  /** The layout in which weights [in, out] meet blocks of rows. */
  private record Layout(DType type, int in, int out) {}

  static dnnl_engine engine() {
    return ENGINE;
  }

  static void check(int status) {
    if (status != dnnl_success) throw new IllegalStateException("oneDNN answers with status " + status);
  }

  /**
   * Lets the calling thread's primitives run on this thread alone. The count belongs to the thread, and a primitive keeps the
   * one that it was created under. ND4J's call reaches the OpenMP library that oneDNN uses, as a process has one.
   */
  static void useOneThread() {
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
  }

  /** Whether there are products and reorders of bf16: not with AVX2 alone. Where they are missing {@link Widening} does them. */
  static boolean hasBfloat16() {
    return BFLOAT16;
  }

  private static boolean multipliesBfloat16() {
    dnnl_memory_desc a = rows(DType.BFLOAT16, STEP, STEP, STEP);
    dnnl_memory_desc c = rows(DType.FLOAT32, STEP, STEP, STEP);
    dnnl_primitive_desc product = new dnnl_primitive_desc();
    int status = dnnl_matmul_primitive_desc_create(product, ENGINE, a, a, null, c, null);
    if (status == dnnl_success) dnnl_primitive_desc_destroy(product);
    else if (status != dnnl_unimplemented) check(status);
    dnnl_memory_desc_destroy(a);
    dnnl_memory_desc_destroy(c);
    return status == dnnl_success;
  }

  static boolean hasFastBfloat16() {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  }

  static String describe() {
    dnnl_version_t version = dnnl_version();
    return "oneDNN " + version.major() + "." + version.minor() + " (" + instructionSet() + ")";
  }

  /** Whether matrices are multiplied in tiles of their own (AMX). */
  static boolean hasTiles() {
    return has(dnnl_get_effective_cpu_isa(), dnnl_cpu_isa_avx512_core_amx);
  }

  private static String instructionSet() {
    int isa = dnnl_get_effective_cpu_isa();
    if (has(isa, dnnl_cpu_isa_avx512_core_amx)) return "avx512_core_amx";
    if (has(isa, dnnl_cpu_isa_avx512_core_bf16)) return "avx512_core_bf16";
    if (has(isa, dnnl_cpu_isa_avx512_core)) return "avx512_core";
    if (has(isa, dnnl_cpu_isa_avx2)) return "avx2";
    return "instruction set " + Integer.toHexString(isa);
  }

  private static boolean has(int isa, int wanted) {
    return (isa & wanted) == wanted;
  }

  static int type(DType type) {
    return switch (type) {
      case BFLOAT16 -> dnnl_bf16;
      case INT32 -> dnnl_s32;
      default -> dnnl_f32;
    };
  }

  /**
   * A matrix as [columns / 64][rows / 16][16][64] in float32; in bf16 as [columns / 64][rows / 2][64][2], two rows interleaved, so
   * that 64 columns are a matrix of whole numbers. What is missing to whole blocks is there and counts for nothing.
   */
  static dnnl_memory_desc panels(DType type, int rows, int columns) {
    dnnl_memory_desc desc = new dnnl_memory_desc();
    check(dnnl_memory_desc_create_with_tag(desc, 2, new long[]{rows, columns}, type(type),
        type == DType.BFLOAT16 ? dnnl_BA16a64b2a : dnnl_BA16a64b));
    return desc;
  }

  /** Whether {@link #packed} is {@link #panels} for matrices of a size. */
  static boolean packsPanels(DType type, int rows, int columns) {
    if (type == DType.BFLOAT16 && !BFLOAT16) return false;
    return PANELS.computeIfAbsent(new Layout(type, rows, columns), layout -> {
      dnnl_memory_desc panels = panels(type, rows, columns);
      boolean same = dnnl_memory_desc_equal(panels, packed(type, rows, columns)) != 0;
      dnnl_memory_desc_destroy(panels);
      return same;
    });
  }

  /** A matrix [rows, columns] in memory, {@code stride} elements from row to row. */
  static dnnl_memory_desc rows(DType type, long rows, long columns, long stride) {
    return strided(type, rows, columns, stride, 1);
  }

  /** A matrix [rows, columns] that lies transposed in memory, {@code stride} elements from column to column. */
  static dnnl_memory_desc columns(DType type, long rows, long columns, long stride) {
    return strided(type, rows, columns, 1, stride);
  }

  private static dnnl_memory_desc strided(DType type, long rows, long columns, long rowStride, long columnStride) {
    dnnl_memory_desc desc = new dnnl_memory_desc();
    check(dnnl_memory_desc_create_with_strides(desc, 2, new long[]{rows, columns}, type(type),
        new long[]{rowStride, columnStride}));
    return desc;
  }

  /**
   * The layout that oneDNN wants for a matrix [in, out] that blocks of rows are multiplied with. Not to be destroyed. One of
   * float32 where there are no products of bf16.
   */
  static dnnl_memory_desc packed(DType type, int in, int out) {
    DType held = BFLOAT16 ? type : DType.FLOAT32;
    return LAYOUTS.computeIfAbsent(new Layout(held, in, out), OneDnn::askForLayout);
  }

  private static dnnl_memory_desc askForLayout(Layout layout) {
    dnnl_memory_desc any = new dnnl_memory_desc();
    long[] shape = {layout.in, layout.out};
    check(dnnl_memory_desc_create_with_tag(any, 2, shape, type(layout.type), dnnl_format_tag_any));
    dnnl_memory_desc a = rows(layout.type, Blocks.ROWS, layout.in, layout.in);
    dnnl_memory_desc c = rows(DType.FLOAT32, Blocks.ROWS, layout.out, layout.out);
    dnnl_primitive_desc product = matmul(a, any, null, c, false);
    dnnl_memory_desc own = new dnnl_memory_desc();       // the queried one belongs to the primitive's descriptor
    check(dnnl_memory_desc_clone(own, dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0)));
    dnnl_primitive_desc_destroy(product);
    for (dnnl_memory_desc desc : new dnnl_memory_desc[]{any, a, c}) dnnl_memory_desc_destroy(desc);
    return own;
  }

  static long bytes(dnnl_memory_desc desc) {
    return dnnl_memory_desc_get_size(desc);
  }

  /** c = a b, plus a bias row where one is given, plus what c holds where {@code sum}. */
  static dnnl_primitive_desc matmul(dnnl_memory_desc a, dnnl_memory_desc b, dnnl_memory_desc bias, dnnl_memory_desc c,
      boolean sum) {
    dnnl_primitive_desc desc = new dnnl_primitive_desc();
    dnnl_primitive_attr attributes = attributes(sum);
    check(dnnl_matmul_primitive_desc_create(desc, ENGINE, a, b, bias, c, attributes));
    dnnl_primitive_attr_destroy(attributes);
    return desc;
  }

  /** to = from, in another layout or type. */
  static dnnl_primitive_desc reorder(dnnl_memory_desc from, dnnl_memory_desc to) {
    dnnl_primitive_desc desc = new dnnl_primitive_desc();
    dnnl_primitive_attr attributes = attributes(false);
    check(dnnl_reorder_primitive_desc_create(desc, from, ENGINE, to, ENGINE, attributes));
    dnnl_primitive_attr_destroy(attributes);
    return desc;
  }

  /** Scratchpads are the caller's: one that a primitive owned would be shared by threads. */
  private static dnnl_primitive_attr attributes(boolean sum) {
    dnnl_primitive_attr attributes = new dnnl_primitive_attr();
    check(dnnl_primitive_attr_create(attributes));
    check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    if (sum) {
      dnnl_post_ops ops = new dnnl_post_ops();
      check(dnnl_post_ops_create(ops));
      check(dnnl_post_ops_append_sum(ops, 1f, 0, dnnl_data_type_undef));
      check(dnnl_primitive_attr_set_post_ops(attributes, ops));
      dnnl_post_ops_destroy(ops);
    }
    return attributes;
  }
}
