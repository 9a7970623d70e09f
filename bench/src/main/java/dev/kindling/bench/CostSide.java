package dev.kindling.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.jobs.train.GradientSettings;
import dev.kindling.jobs.simulate.StepCosts;
import dev.kindling.jobs.simulate.StepCosts.Complete;
import dev.kindling.train.collective.Bfloat16Codec;
import dev.kindling.train.collective.Codec;
import dev.kindling.train.collective.EightBitCodec;
import dev.kindling.train.collective.ThresholdCodec;
import dev.kindling.train.collective.TopKCodec;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Measures for {@link Simulate} what the work of a step costs, in a process of its own with all cores busy; says {@code costs JSON}. */
public final class CostSide {
  private static final int WARM = 6;
  private static final int TIMES = 5;
  private static final long BUCKET = 1 << 20;    // elements: as a training step tells how far gradients are
  private static final double NANOS = 1e9;

  /** @param bytes an element; @param encode seconds an element, with what is kept for the next step; @param decode likewise */
  record CodecCosts(double bytes, double encode, double decode) {}

  /** @param costs all but those of messages */
  record Found(StepCosts costs, Map<String, CodecCosts> codecs) {}

  private CostSide() {
  }

  /** @param args a model's name, {@code float32} or {@code bf16}, threads */
  public static void main(String[] args) throws IOException {
    Precision precision = args[1].equals("bf16") ? Precision.BFLOAT16 : Precision.FLOAT32;
    Map<String, CodecCosts> codecs = new LinkedHashMap<>();
    StepCosts costs = costs(TrainCase.of(args[0]), precision, Integer.parseInt(args[2]));
    codecs.put("bf16", of(new Bfloat16Codec()));
    codecs.put("eight-bit", of(new EightBitCodec()));
    codecs.put("threshold", of(new ThresholdCodec(GradientSettings.defaults().threshold())));
    codecs.put("top-k", of(new TopKCodec(GradientSettings.defaults().share())));
    System.out.println("costs " + new ObjectMapper().writeValueAsString(new Found(costs, codecs)));
  }

  private static <B extends MicroBatch> StepCosts costs(TrainCase<B> of, Precision precision, int threads) {
    try (Kernels kernels = KernelLibraries.best(threads);
        TrainableModel<B> model = of.maker().make(kernels, precision);
        Memory memory = Memory.allocate(4 * model.weights().bytes())) {
      long size = model.layout().size();
      Tensor[] vectors = new Tensor[4];
      for (int i = 0; i < vectors.length; i++) {
        vectors[i] = Tensor.at(memory.address() + i * size * Float.BYTES, DType.FLOAT32, size);
      }
      Tensor gradients = vectors[0];
      Random random = new Random(1);
      List<Complete> completion = new ArrayList<>();
      double first = seconds(threads, () -> model.begin(of.drawing().draw(of, random), gradients, null, from -> {}));
      double microBatch = seconds(threads, () -> follow(of, model, gradients, random, completion));
      double[] squares = new double[Math.toIntExact((size + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK)];
      double update = seconds(threads, () -> {
        kernels.sumSquares(gradients, squares);
        kernels.adamw(model.weights(), gradients, vectors[1], vectors[2], 1e-6, 1e-6, 0.9, 0.95, 1e-8, 0.1, 1);
      });
      double add = seconds(threads, () -> kernels.add(gradients, vectors[3]));
      double copy = seconds(threads,
          () -> kernels.pool().copy(vectors[2].address(), vectors[3].address(), vectors[3].bytes()));
      Tensor narrow = Tensor.at(vectors[3].address(), DType.BFLOAT16, size);
      double convert = seconds(threads, () -> kernels.convert(model.weights(), narrow));
      double pack = seconds(threads, model::weightsChanged);
      long rounded = model.layout().parameters().stream().filter(model::isUsedRounded).mapToLong(Parameter::size).sum();
      return new StepCosts(size, rounded, first, microBatch, completion, add / size, convert / size, copy / size,
          update / size, pack / size, 0, 0, 0);
    }
  }

  /** One micro-batch, and how far its gradients were complete when. */
  private static <B extends MicroBatch> void follow(TrainCase<B> of, TrainableModel<B> model, Tensor gradients,
      Random random, List<Complete> completion) {
    List<long[]> told = new ArrayList<>();
    B batch = of.drawing().draw(of, random);
    long start = System.nanoTime();
    model.accumulate(batch, gradients, null, from -> {
      long last = told.isEmpty() ? gradients.size() : told.get(told.size() - 1)[1];
      if (last - from >= BUCKET) told.add(new long[]{System.nanoTime(), from});
    });
    double whole = System.nanoTime() - start;
    completion.clear();
    for (long[] at : told) completion.add(new Complete((at[0] - start) / whole, at[1]));
    completion.add(new Complete(1, 0));
  }

  /** Of one core; the median. */
  private static double seconds(int threads, Runnable work) {
    for (int i = 0; i < WARM; i++) work.run();
    List<Double> found = new ArrayList<>();
    for (int i = 0; i < TIMES; i++) {
      long start = System.nanoTime();
      work.run();
      found.add((System.nanoTime() - start) / NANOS * threads);
    }
    return Results.median(found);
  }

  private static CodecCosts of(Codec codec) {
    Random random = new Random(1);
    float[] values = new float[Codec.BLOCK], said = new float[Codec.BLOCK], kept = new float[Codec.BLOCK];
    for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
    ByteBuffer frame = ByteBuffer.allocateDirect(codec.bytes(Codec.BLOCK)).order(ByteOrder.LITTLE_ENDIAN);
    int blocks = 1 << 12;
    double elements = (double) blocks * Codec.BLOCK;
    double encode = seconds(1, () -> {
      for (int b = 0; b < blocks; b++) {
        for (int i = 0; codec.feedsBack() && i < kept.length; i++) said[i] = values[i] + kept[i];
        codec.encode(codec.feedsBack() ? said : values, Codec.BLOCK, frame);
        if (!codec.feedsBack()) continue;
        codec.decode(frame, kept, Codec.BLOCK);
        for (int i = 0; i < kept.length; i++) kept[i] = said[i] - kept[i];
      }
    });
    double decode = seconds(1, () -> {
      for (int b = 0; b < blocks; b++) {
        codec.decode(frame, said, Codec.BLOCK);
        for (int i = 0; i < kept.length; i++) kept[i] += said[i];
      }
    });
    return new CodecCosts(codec.bytes(Codec.BLOCK) / (double) Codec.BLOCK, encode / elements, decode / elements);
  }
}
