package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.List;

/** A piece of a template that runs. */
@FunctionalInterface
interface Statement {
  /** How it goes on behind a statement: with the next one, behind the loop, or with the loop's next turn. */
  enum Flow {
    ON, BREAK, CONTINUE
  }

  /** Where a template writes to. @param generated stretches of the text, from and to, that stand within {@code generation} */
  record Output(StringBuilder text, List<ChatTemplate.Stretch> generated) {
    static Output empty() {
      return new Output(new StringBuilder(), new ArrayList<>());
    }
  }

  /** @throws ChatException where the values do not allow it */
  Flow run(Scope scope, Output out);

  static Statement inOrder(List<Statement> statements) {
    return (scope, out) -> {
      for (Statement one : statements) {
        Flow flow = one.run(scope, out);
        if (flow != Flow.ON) return flow;
      }
      return Flow.ON;
    };
  }
}
