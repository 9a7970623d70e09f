package dev.kindling.data.chat;

/** What stands between braces. */
@FunctionalInterface
interface Expression {
  /** @throws ChatException where the values do not allow it */
  Object in(Scope scope);
}
