package dev.kindling.data.chat;

import java.util.List;
import java.util.Map;

/** A function or a method of a template. */
@FunctionalInterface
interface Callable {
  Object call(List<Object> arguments, Map<String, Object> named);
}
