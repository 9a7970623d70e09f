package dev.kindling.train.kernel;

import java.io.File;
import java.net.URISyntaxException;
import java.security.CodeSource;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which {@link Kernels} this machine can have. What is missing is said once, in one line, never passed over in silence.
 *
 * <p>Without oneDNN's natives plain Java computes, and not OpenBLAS, though ND4J brings it: these natives come for the same platforms
 * and in the same builds as ND4J's, without which there is no memory, so that only a broken installation lacks them. What it
 * gets is right, and short enough to be trusted as everything's twin; a second fast engine would have to be held to the same bits
 * for a case that is better mended.
 */
public final class KernelLibraries {
  private static final Logger LOG = LoggerFactory.getLogger(KernelLibraries.class);
  /** How many times slower a step is: bench/README.md, "Without a library". */
  private static final int WITHOUT_ONE_DNN = 22;
  private static final double WITHOUT_VECTORS = 1.5;

  private static volatile boolean loaded;

  private KernelLibraries() {
  }

  /** Whether oneDNN's and ND4J's natives have loaded in this process. */
  public static boolean areLoaded() {
    return loaded;
  }

  /** Which builds of them these are: the jars that they come in, by name and size. Loads none. */
  public static String origin() {
    return origin(org.bytedeco.dnnl.global.dnnl.class) + ", " + origin(Nd4j.class);
  }

  private static String origin(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) return type.getName();
    try {
      File jar = new File(source.getLocation().toURI());
      return jar.getName() + " " + jar.length();
    } catch (URISyntaxException | IllegalArgumentException e) {        // it is no file
      return source.getLocation().toString();
    }
  }

  /** oneDNN where its natives load, else plain Java with a warning; the result's {@code describe()} says which. */
  public static Kernels best(int threads) {
    try {
      load();
    } catch (LinkageError e) {
      LOG.warn(
          "oneDNN does not load on {} {} ({}); plain Java computes instead, {} times slower (measured on the demo's model). "
              + "Natives come from org.bytedeco:dnnl and org.bytedeco:opencl with this platform's classifier.",
          System.getProperty("os.name"), System.getProperty("os.arch"), cause(e), WITHOUT_ONE_DNN);
      return plain(threads);
    }
    return new OneDnnKernels(threads, rowKernels());
  }

  /** Plain Java. */
  public static Kernels plain(int threads) {
    return PlainKernels.of(threads);
  }

  /**
   * What {@link #best} or {@link #plain} would hold, without computing.
   *
   * @param plain whether plain Java is asked for; it is also taken where oneDNN does not load
   */
  public static SizingKernels sizing(boolean plain, int threads) {
    return SizingKernels.of(plain || !loads(), threads);
  }

  /** Whether {@link #best} would say so of itself. */
  public static boolean fastBfloat16() {
    return loads() && OneDnn.hasFastBfloat16();
  }

  private static boolean loads() {
    try {
      load();
      return true;
    } catch (LinkageError e) {
      return false;
    }
  }

  private static void load() {
    OneDnn.describe();
    loaded = true;
  }

  private static RowKernels rowKernels() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) return new VectorRowKernels();
    LOG.warn(
        "The Vector API is off: norms, activations, attention's softmax and AdamW run in plain Java, which makes a step {} times "
            + "slower (measured on the demo's model). Start Java with --add-modules jdk.incubator.vector.",
        WITHOUT_VECTORS);
    return new ScalarRowKernels();
  }

  private static String cause(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) cause = cause.getCause();
    return cause.getMessage();
  }
}
