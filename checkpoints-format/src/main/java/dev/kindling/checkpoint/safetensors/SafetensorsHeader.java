package dev.kindling.checkpoint.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a safetensors file says of itself (huggingface/safetensors, README, "Format").
 *
 * <pre>
 *   8 bytes   n, unsigned little-endian: length of the header, at most 100 MB
 *   n bytes   {"__metadata__": {"format": "pt"}, "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 *   rest      the tensors' bytes, little-endian, row-major, side by side without gaps; offsets count from here
 * </pre>
 *
 * @param metadata free strings; empty where the file has none
 * @param tensors by name, in the order of their data; the value's offset counts from the file's start
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Placed> tensors) {
  static final int LIMIT = 100_000_000;

  /** A tensor and where its first byte is in the file. */
  record Placed(TensorSpec spec, long offset) {}

  /**
   * @param dataStart where the data begins in the file; @param dataSize its bytes
   * @param where the file's name, for errors; @throws UserError when the header does not describe such a file
   */
  static SafetensorsHeader parse(byte[] json, long dataStart, long dataSize, String where) {
    try (JsonParser in = Json.factory().createParser(json)) {
      return new Parsing(in, dataStart, dataSize, where).header();
    } catch (JsonProcessingException e) {
      throw new UserError(where + " is damaged: its header is not valid JSON: " + JsonProblem.of(e).inLine(), e);
    } catch (IOException e) {
      throw new UserError(where + " is damaged: its header is not valid JSON", e);
    }
  }

  private static final class Parsing {
    private final JsonParser in;
    private final long dataStart, dataSize;
    private final String where;

    Parsing(JsonParser in, long dataStart, long dataSize, String where) {
      this.in = in;
      this.dataStart = dataStart;
      this.dataSize = dataSize;
      this.where = where;
    }

    SafetensorsHeader header() throws IOException {
      Map<String, String> metadata = new LinkedHashMap<>();
      List<Placed> tensors = new ArrayList<>();
      Set<String> names = new HashSet<>();
      expect(in.nextToken(), JsonToken.START_OBJECT, "the header");
      for (String name = in.nextFieldName(); name != null; name = in.nextFieldName()) {
        if (name.equals("__metadata__")) {
          readMetadata(metadata);
        } else {
          if (!names.add(name)) throw damaged("tensor " + name + " is there twice");
          tensors.add(tensor(name));
        }
      }
      expect(in.currentToken(), JsonToken.END_OBJECT, "the header");
      if (in.nextToken() != null) throw damaged("something follows its header");
      return new SafetensorsHeader(metadata, inOrderWithoutGaps(tensors));
    }

    private void readMetadata(Map<String, String> metadata) throws IOException {
      if (in.nextToken() == JsonToken.VALUE_NULL) return;
      expect(in.currentToken(), JsonToken.START_OBJECT, "__metadata__");
      for (String key = in.nextFieldName(); key != null; key = in.nextFieldName()) {
        expect(in.nextToken(), JsonToken.VALUE_STRING, "__metadata__." + key);
        metadata.put(key, in.getText());
      }
    }

    private Placed tensor(String name) throws IOException {
      ElementType type = null;
      long[] shape = null, offsets = null;
      expect(in.nextToken(), JsonToken.START_OBJECT, name);
      for (String key = in.nextFieldName(); key != null; key = in.nextFieldName()) {
        in.nextToken();
        switch (key) {
          case "dtype" -> type = type(name);
          case "shape" -> shape = numbers(name + ".shape");
          case "data_offsets" -> offsets = numbers(name + ".data_offsets");
          default -> throw damaged(name + " has an unknown key, " + key);
        }
      }
      if (type == null || shape == null || offsets == null || offsets.length != 2) {
        throw damaged(name + " lacks one of dtype, shape and two data_offsets");
      }
      return placed(name, type, shape, offsets);
    }

    private Placed placed(String name, ElementType type, long[] shape, long[] offsets) {
      if (offsets[0] > offsets[1] || offsets[1] > dataSize) {
        throw damaged(name + " lies at bytes " + offsets[0] + " to " + offsets[1] + " of " + dataSize
            + " there are; the file was truncated or its header is wrong");
      }
      TensorSpec spec;
      try {
        spec = new TensorSpec(name, type, shape);
      } catch (ArithmeticException e) {
        throw damaged(name + " has a shape beyond all sizes");
      }
      if (spec.bytes() != offsets[1] - offsets[0]) {
        throw damaged(spec + " needs " + spec.bytes() + " bytes and has " + (offsets[1] - offsets[0]));
      }
      return new Placed(spec, dataStart + offsets[0]);
    }

    private ElementType type(String name) throws IOException {
      expect(in.currentToken(), JsonToken.VALUE_STRING, name + ".dtype");
      for (ElementType t : ElementType.values()) { if (t.name().equals(in.getText())) return t; }
      throw new UserError(where + ": " + name + " has the dtype " + in.getText() + "; known are "
          + List.of(ElementType.values()));
    }

    private long[] numbers(String what) throws IOException {
      expect(in.currentToken(), JsonToken.START_ARRAY, what);
      List<Long> numbers = new ArrayList<>();
      while (in.nextToken() != JsonToken.END_ARRAY) {
        expect(in.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
        long n = in.getLongValue();
        if (n < 0) throw damaged(what + " has a negative number");
        numbers.add(n);
      }
      return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private Map<String, Placed> inOrderWithoutGaps(List<Placed> tensors) {
      tensors.sort(Comparator.comparingLong(Placed::offset).thenComparingLong(p -> p.spec().bytes()));
      Map<String, Placed> byName = new LinkedHashMap<>();
      long end = dataStart;
      for (Placed p : tensors) {
        if (p.offset() != end) {
          throw damaged(
              p.spec().name() + (p.offset() < end ? " overlaps the tensor before it" : " leaves a gap before it"));
        }
        end += p.spec().bytes();
        byName.put(p.spec().name(), p);
      }
      if (end != dataStart + dataSize) {
        throw damaged("it has " + (dataStart + dataSize - end) + " bytes after its last tensor");
      }
      return byName;
    }

    private void expect(JsonToken found, JsonToken wanted, String what) {
      if (found != wanted) throw damaged(what + " has " + found + " where " + wanted + " belongs");
    }

    private UserError damaged(String how) {
      return new UserError(where + " is damaged: " + how);
    }
  }
}
