package dev.kindling.data.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/** Labels in a column of a Parquet file: strings, whole numbers, floating-point numbers, or lists of these, as JSON has them. */
final class ParquetLabels {
  private static final List<PrimitiveTypeName> KINDS = List.of(PrimitiveTypeName.BINARY, PrimitiveTypeName.INT32,
      PrimitiveTypeName.INT64, PrimitiveTypeName.FLOAT, PrimitiveTypeName.DOUBLE);

  private ParquetLabels() {
  }

  /** Whether such a column can hold labels. */
  static boolean areIn(Type column) {
    if (column.isRepetition(Type.Repetition.REPEATED)) return false;
    if (column.isPrimitive()) return isValue(column);
    if (column.asGroupType().getFieldCount() != 1) return false;
    Type list = column.asGroupType().getType(0);
    return list.isRepetition(Type.Repetition.REPEATED) && !list.isPrimitive() && list.asGroupType().getFieldCount() == 1
        && isValue(list.asGroupType().getType(0));
  }

  private static boolean isValue(Type type) {
    return type.isPrimitive() && KINDS.contains(type.asPrimitiveType().getPrimitiveTypeName())
        && !(type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.DecimalLogicalTypeAnnotation);
  }

  /** @param column of the row, in which labels are */
  static JsonNode of(Group row, Type column) throws BadRecordException {
    String name = column.getName();
    if (row.getFieldRepetitionCount(name) == 0) return NullNode.getInstance();
    if (column.isPrimitive()) return value(row, column, name);
    ArrayNode labels = JsonNodeFactory.instance.arrayNode();
    Group list = row.getGroup(name, 0);
    Type element = column.asGroupType().getType(0).asGroupType().getType(0);
    for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
      Group one = list.getGroup(0, i);
      labels.add(one.getFieldRepetitionCount(0) == 0 ? NullNode.getInstance() : value(one, element, name));
    }
    return labels;
  }

  private static JsonNode value(Group group, Type type, String column) throws BadRecordException {
    String name = type.getName();
    switch (type.asPrimitiveType().getPrimitiveTypeName()) {
      case INT32 :
        return LongNode.valueOf(group.getInteger(name, 0));
      case INT64 :
        return LongNode.valueOf(group.getLong(name, 0));
      case FLOAT :
        return DoubleNode.valueOf(group.getFloat(name, 0));
      case DOUBLE :
        return DoubleNode.valueOf(group.getDouble(name, 0));
      default :
        byte[] bytes = group.getBinary(name, 0).getBytesUnsafe();
        return TextNode.valueOf(StrictUtf8.decode(bytes, 0, bytes.length,
            at -> "byte " + (at + 1) + " of the column '" + column + "' is not UTF-8; convert it to UTF-8"));
    }
  }
}
