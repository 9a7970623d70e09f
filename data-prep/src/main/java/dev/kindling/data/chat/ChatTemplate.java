package dev.kindling.data.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A model's chat template: Jinja that writes a conversation as the text that the model has learned from, as transformers'
 * {@code apply_chat_template} renders it ({@code trim_blocks}, {@code lstrip_blocks}, loop controls, {@code raise_exception},
 * {@code strftime_now}, {@code tojson}, {@code generation}). What stands in messages is only text to it. Safe for use by many threads.
 */
public final class ChatTemplate {
  /** A template of its own beside the tokenizer. */
  public static final String FILE = "chat_template.jinja";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String USUAL = "default";
  private static final int LARGEST = 1 << 24;
  private static final long LONGEST_RANGE = 100_000;

  private static final Pattern GENERATION = Pattern.compile("\\{%[-+]?\\s*generation\\s*[-+]?%\\}");

  private final String source;
  private final Statement statement;
  private final Map<String, String> special;
  private final Supplier<LocalDateTime> clock;

  private ChatTemplate(String source, Statement statement, Map<String, String> special, Supplier<LocalDateTime> clock) {
    this.source = source;
    this.statement = statement;
    this.special = special;
    this.clock = clock;
  }

  /** A part of a text, UTF-16 code units [from, to). */
  public record Stretch(int from, int to) implements Serializable {}

  /**
   * A conversation as text.
   *
   * @param generated what stands within the template's {@code generation} blocks: what the model is to say
   */
  public record Rendered(String text, List<Stretch> generated) {}

  /**
   * @param where what messages call the template
   * @param special tokens that templates name, such as {@code bos_token}, with their content
   * @throws UserError where it is no template that is understood
   */
  public static ChatTemplate parse(String template, String where, Map<String, String> special) {
    return parse(template, where, special, LocalDateTime::now);
  }

  /** The same with another clock. */
  static ChatTemplate parse(String template, String where, Map<String, String> special, Supplier<LocalDateTime> clock) {
    return new ChatTemplate(template, TemplateParser.parse(template, where), Map.copyOf(special), clock);
  }

  /**
   * @param folder of a model or a tokenizer: {@code chat_template.jinja} in it, or {@code chat_template} in its
   *     {@code tokenizer_config.json}, a string or a list of named ones, of which {@code default} is taken
   * @return empty where it has none
   */
  public static Optional<ChatTemplate> load(Configuration conf, Path folder) {
    Path configFile = new Path(folder, CONFIG);
    Path own = new Path(folder, FILE);
    Optional<String> json = read(conf, configFile);
    JsonNode config = json.map(text -> parsed(text, configFile)).orElse(new ObjectMapper().createObjectNode());
    Map<String, String> special = special(config);
    Optional<String> template = read(conf, own);
    if (template.isPresent()) return Optional.of(parse(template.get(), own.toString(), special));
    JsonNode told = config.path("chat_template");
    if (told.isArray()) told = named(told, configFile);
    return told.isTextual()
        ? Optional.of(parse(told.textValue(), configFile + ", chat_template", special))
        : Optional.empty();
  }

  /**
   * @param file of a template
   * @param tokenizer its file or folder, whose {@code tokenizer_config.json} has the special tokens
   * @throws UserError where there is no such file
   */
  public static ChatTemplate read(Configuration conf, Path file, Path tokenizer) {
    Path config = new Path(tokenizer.getName().endsWith(".json") ? tokenizer.getParent() : tokenizer, CONFIG);
    String template = read(conf, file).orElseThrow(() -> new UserError("there is no chat template at " + file));
    return parse(template, file.toString(),
        read(conf, config).map(text -> special(parsed(text, config))).orElse(Map.of()));
  }

  private static Optional<String> read(Configuration conf, Path file) {
    var files = Storage.of(conf, file);
    if (!Storage.exists(files, file)) return Optional.empty();
    return Optional.of(new String(Storage.readSmall(files, file, LARGEST), StandardCharsets.UTF_8));
  }

  private static JsonNode parsed(String json, Path file) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (JsonProcessingException e) {
      throw new UserError(file + " is not JSON: " + JsonProblem.of(e), e);
    }
  }

  private static JsonNode named(JsonNode templates, Path file) {
    List<String> names = new ArrayList<>();
    for (JsonNode one : templates) {
      if (one.path("name").asText().equals(USUAL)) return one.path("template");
      names.add(one.path("name").asText());
    }
    throw new UserError(
        file + ", chat_template: there is none named " + USUAL + " (there are " + String.join(", ", names)
            + "); put the one to use into " + FILE);
  }

  /** A token is its content, or an object with it. */
  private static Map<String, String> special(JsonNode config) {
    Map<String, String> special = new TreeMap<>();
    config.properties().forEach(field -> {
      JsonNode content = field.getValue().isObject() ? field.getValue().path("content") : field.getValue();
      if (field.getKey().endsWith("_token") && content.isTextual()) special.put(field.getKey(), content.textValue());
    });
    return special;
  }

  /** The template as it was read. */
  public String source() {
    return source;
  }

  /** Whether the template says itself what the model is to say. */
  public boolean marksGeneration() {
    return GENERATION.matcher(source).find();
  }

  /** The special tokens that the template may name, with their content. */
  public Map<String, String> special() {
    return special;
  }

  /**
   * @param messages an array of objects, as Hugging Face's datasets have them: {@code role}, {@code content} and what else the template reads
   * @param tools an array of tools, or null
   * @param addGenerationPrompt whether the text ends where the assistant is to go on
   * @throws ChatException where the template does not take the conversation
   */
  public Rendered render(JsonNode messages, JsonNode tools, boolean addGenerationPrompt) {
    Scope scope = new Scope(null);
    functions(scope);
    special.forEach(scope::set);
    scope.set("messages", value(messages));
    scope.set("tools", tools == null ? null : value(tools));
    scope.set("documents", null);
    scope.set("add_generation_prompt", addGenerationPrompt);
    Statement.Output out = Statement.Output.empty();
    try {
      statement.run(new Scope(scope), out);
    } catch (StackOverflowError e) {
      throw new ChatException("the template calls itself without an end");
    }
    return new Rendered(out.text().toString(), List.copyOf(out.generated()));
  }

  private void functions(Scope scope) {
    scope.set("raise_exception", (Callable) (by, named) -> {
      throw new ChatException(Values.text(Arguments.of("raise_exception", by, named, "message").get("message")));
    });
    scope.set("strftime_now", (Callable) (by, named) -> Strftime.format(clock.get(),
        Arguments.of("strftime_now", by, named, "format").text("format")));
    scope.set("namespace", (Callable) (by, named) -> {
      Map<String, Object> fields = new LinkedHashMap<>();
      if (!by.isEmpty() && by.get(0) instanceof Map<?, ?> map)
        map.forEach((key, of) -> fields.put(Values.text(key), of));
      fields.putAll(named);
      return Namespace.of(fields);
    });
    scope.set("dict", (Callable) (by, named) -> new LinkedHashMap<Object, Object>(named));
    scope.set("range", (Callable) (by, named) -> range(by));
  }

  private static Object range(List<Object> given) {
    Arguments of = Arguments.of("range", given, Map.of(), "start", "stop", "step");
    long start = of.has("stop") ? of.whole("start", 0) : 0;
    long stop = of.has("stop") ? of.whole("stop", 0) : of.whole("start", 0);
    long step = of.whole("step", 1);
    if (step == 0) throw new ChatException("range: a step of 0");
    List<Object> all = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (all.size() == LONGEST_RANGE) throw new ChatException("range: more than " + LONGEST_RANGE + " numbers");
      all.add(i);
    }
    return all;
  }

  /** JSON as the values that a template works with. */
  private static Object value(JsonNode json) {
    return switch (json.getNodeType()) {
      case ARRAY -> {
        List<Object> list = new ArrayList<>();
        for (JsonNode one : json) list.add(value(one));
        yield list;
      }
      case OBJECT -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        json.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
        yield map;
      }
      case BOOLEAN -> json.booleanValue();
      case NUMBER ->
        json.isIntegralNumber() && json.canConvertToLong() ? (Object) json.longValue() : (Object) json.doubleValue();
      case STRING -> json.textValue();
      default -> null;
    };
  }
}
