package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.List;

/** Operators between two values, as Python has them: whole numbers stay whole, but for {@code /}. */
final class Arithmetic {
  private Arithmetic() {
  }

  static Object of(String operator, Object a, Object b) {
    if (operator.equals("+") && a instanceof String left && b instanceof String right) return left + right;
    if (operator.equals("+") && a instanceof List<?> left && b instanceof List<?> right) {
      List<Object> both = new ArrayList<>(left);
      both.addAll(right);
      return both;
    }
    if (operator.equals("*") && b instanceof Long times) {
      if (a instanceof String text) return text.repeat((int) Math.max(0, times));
      if (a instanceof List<?> list) {
        List<Object> all = new ArrayList<>();
        for (long i = 0; i < times; i++) all.addAll(list);
        return all;
      }
    }
    if (!Values.isNumber(a) || !Values.isNumber(b)) throw Values.notWith("taken together by " + operator, a, b);
    boolean whole = !(a instanceof Double) && !(b instanceof Double);
    return whole
        ? whole(operator, (long) Values.number(a), (long) Values.number(b), a, b)
        : broken(operator, Values.number(a), Values.number(b));
  }

  private static Object whole(String operator, long a, long b, Object left, Object right) {
    long x = left instanceof Long exact ? exact : a;
    long y = right instanceof Long exact ? exact : b;
    try {
      return switch (operator) {
        case "+" -> Math.addExact(x, y);
        case "-" -> Math.subtractExact(x, y);
        case "*" -> Math.multiplyExact(x, y);
        case "//" -> Math.floorDiv(x, y);
        case "%" -> Math.floorMod(x, y);
        case "**" -> y < 0 ? (Object) Math.pow(x, y) : java.math.BigInteger.valueOf(x).pow((int) y).longValueExact();
        default -> broken(operator, x, y);
      };
    } catch (ArithmeticException e) {
      throw new ChatException(x + " " + operator + " " + y + " is no number that is kept here: " + e.getMessage());
    }
  }

  private static Object broken(String operator, double a, double b) {
    if (b == 0 && "//%".contains(operator)) throw new ChatException("a division by zero");
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - Math.floor(a / b) * b;
      default -> Math.pow(a, b);
    };
  }

  static Object negative(Object value) {
    if (value instanceof Double n) return -n;
    return of("-", 0L, value);
  }
}
