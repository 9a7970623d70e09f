package dev.kindling.bench;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.zip.CRC32;

/** A JVM's side of {@link Tokenize}: a library that encodes all documents again and again while a window is open. */
public final class TokenizeSide {
  private static final double WARM_SECONDS = 4;

  private TokenizeSide() {
  }

  /** @param args kindling, djl or jtokkit; the vocabulary's folder; a JSON list of texts; the number of threads */
  public static void main(String[] args) throws IOException, InterruptedException {
    Function<String, int[]> encoder = encoder(args[0], Path.of(args[1]));
    String[] texts = new ObjectMapper().readValue(Path.of(args[2]).toFile(), String[].class);
    int threads = Integer.parseInt(args[3]);
    long bytes = 0;
    CRC32 sum = new CRC32();
    for (String text : texts) {
      bytes += text.getBytes(StandardCharsets.UTF_8).length;
      int[] ids = encoder.apply(text);
      ByteBuffer buffer = ByteBuffer.allocate(ids.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      buffer.asIntBuffer().put(ids);
      sum.update(buffer);
    }
    long warm = System.nanoTime();
    while ((System.nanoTime() - warm) / 1e9 < WARM_SECONDS) pass(encoder, texts, threads);
    System.out.println("ready " + args[0] + " " + version(args[0]) + " " + sum.getValue());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null;) {
      double seconds = Double.parseDouble(line.split(" ")[1]);
      long start = System.nanoTime();
      long work = 0;
      do {
        pass(encoder, texts, threads);
        work += bytes;
      } while ((System.nanoTime() - start) / 1e9 < seconds);
      System.out.println("window " + work + " " + (System.nanoTime() - start) / 1e9);
    }
    System.out.println("peak 0");
    System.exit(0);
  }

  /** All texts once, each by the thread that is free. */
  private static void pass(Function<String, int[]> encoder, String[] texts, int threads) throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    AtomicLong tokens = new AtomicLong();
    Runnable work = () -> {
      for (int i = next.getAndIncrement(); i < texts.length; i = next.getAndIncrement())
        tokens.addAndGet(encoder.apply(texts[i]).length);
    };
    Thread[] others = new Thread[threads - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = new Thread(work);
      others[i].start();
    }
    work.run();
    for (Thread other : others) other.join();
  }

  private static Function<String, int[]> encoder(String engine, Path vocabulary) throws IOException {
    Path json = vocabulary.resolve("tokenizer.json");
    switch (engine) {
      case "kindling" -> {
        return Tokenizer.parse(Files.readString(json), json.toString())::encodeOrdinary;
      }
      case "djl" -> {
        System.setProperty("OPT_OUT_TRACKING", "true");
        HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(json,
            Map.of("truncation", "false", "padding", "false"));
        return text -> Arrays.stream(tokenizer.encode(text, false, false).getIds()).mapToInt(id -> (int) id).toArray();
      }
      default -> {
        Encoding encoding = Encodings.newLazyEncodingRegistry().getEncoding(vocabulary.getFileName().toString())
            .orElseThrow();
        return text -> encoding.encodeOrdinary(text).toArray();
      }
    }
  }

  /** The version in the name of the library's jar. */
  private static String version(String engine) {
    Class<?> library = switch (engine) {
      case "djl" -> HuggingFaceTokenizer.class;
      case "jtokkit" -> Encodings.class;
      default -> Tokenizer.class;
    };
    String jar = Path.of(library.getProtectionDomain().getCodeSource().getLocation().getPath()).getFileName()
        .toString();
    return jar.replaceAll("^.*?-(?=\\d)|\\.jar$", "");
  }
}
