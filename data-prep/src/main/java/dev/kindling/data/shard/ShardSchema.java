package dev.kindling.data.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.apache.parquet.schema.Type;

/** The columns of a shard, as FORMAT.md explains them; Spark SQL reads {@code tokens} and {@code spans} as arrays. */
final class ShardSchema {
  static final MessageType WHOLE = MessageTypeParser.parseMessageType("""
      message packed_row {
        required int64 row;
        required int32 targets;
        required group tokens (LIST) {
          repeated group list {
            required int32 element;
          }
        }
        required group spans (LIST) {
          repeated group list {
            required group element {
              required binary document (STRING);
              required int32 start;
              required int32 end;
              required int64 offset;
              optional int64 character;
            }
          }
        }
      }
      """);

  /** Behind the others where not every target counts in every row. */
  private static final Type LEARNED = MessageTypeParser.parseMessageType("""
      message packed_row {
        optional group learned (LIST) {
          repeated group list {
            required boolean element;
          }
        }
      }
      """).getType("learned");

  /** Where documents begin in a row. */
  private static final Type STARTS = MessageTypeParser.parseMessageType("""
      message packed_row {
        required group spans (LIST) {
          repeated group list {
            required group element {
              required int32 start;
            }
          }
        }
      }
      """).getType("spans");

  /** How a labelled text's label is called, and how several are. */
  private static final List<String> LABELS = List.of("label", "labels");

  /** All columns of a file. */
  static MessageType with(ShardColumns more) {
    return switch (more) {
      case NONE -> WHOLE;
      case LEARNED -> with(WHOLE, LEARNED);
      case CLASS -> with(WHOLE, MessageTypeParser.parseMessageType("message m { required int32 label; }").getType(0));
      case CLASSES -> with(WHOLE, MessageTypeParser.parseMessageType("""
          message m { required group labels (LIST) { repeated group list { required int32 element; } } }
          """).getType(0));
      case NUMBER -> with(WHOLE, MessageTypeParser.parseMessageType("message m { required double label; }").getType(0));
    };
  }

  /** What training reads. */
  static final MessageType TOKENS = new MessageType(WHOLE.getName(), WHOLE.getType("targets"), WHOLE.getType("tokens"));

  /** What is told of the documents in a row. */
  static final MessageType SPANS = new MessageType(WHOLE.getName(), WHOLE.getType("spans"));

  /** Its newest column, which files from before it was there lack. */
  private static final String[] CHARACTER = {"spans", "list", "element", "character"};

  /** What a file tells of the documents in a row. */
  static MessageType spans(MessageType file) {
    if (file.containsPath(CHARACTER)) return SPANS;
    Type told = file.getType("spans");
    return new MessageType(WHOLE.getName(), told);
  }

  /** What training reads of a file. */
  static MessageType tokens(MessageType file) {
    if (file.containsField(LEARNED.getName())) return with(with(TOKENS, LEARNED), STARTS);
    Optional<String> labels = LABELS.stream().filter(file::containsField).findFirst();
    return labels.isPresent() ? with(with(TOKENS, file.getType(labels.get())), STARTS) : TOKENS;
  }

  /** Whether a column that training reads of a file is of labels. */
  static boolean isOfLabels(ColumnDescriptor column) {
    return LABELS.contains(column.getPath()[0]);
  }

  private static MessageType with(MessageType schema, Type more) {
    List<Type> fields = new ArrayList<>(schema.getFields());
    fields.add(more);
    return new MessageType(schema.getName(), fields);
  }

  private ShardSchema() {
  }
}
