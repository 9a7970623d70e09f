package dev.kindling.train.profile;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PackedWeight;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;

/**
 * Kernels whose every operation is timed: whatever method of {@link Kernels} and of its parts takes arguments and makes no
 * weight, also those that are still to come. A call costs some tenths of a microsecond more.
 */
public final class ProfiledKernels implements InvocationHandler {
  private final Object real;
  private final Profile profile;
  private final Map<Method, Object> parts = new HashMap<>();         // such as Kernels.norms()

  private ProfiledKernels(Class<?> type, Object real, Profile profile) {
    this.real = real;
    this.profile = profile;
    for (Method method : type.getMethods()) {
      if (method.getParameterCount() > 0 || !method.getReturnType().isInterface()) continue;
      try {
        parts.put(method, around(method.getReturnType(), method.invoke(real), profile));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(method.toString(), e);
      }
    }
  }

  /** @param profile is told; used by the thread that calls the kernels. Closing the result closes the kernels */
  public static Kernels of(Kernels kernels, Profile profile) {
    return (Kernels) around(Kernels.class, kernels, profile);
  }

  private static Object around(Class<?> type, Object real, Profile profile) {
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{type},
        new ProfiledKernels(type, real, profile));
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    Object part = parts.get(method);
    if (part != null) return part;
    boolean operation = arguments != null && method.getReturnType() != PackedWeight.class;
    long start = System.nanoTime();
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      if (operation) {
        profile.operation(method.getName(), Product.of(method.getName(), arguments), start, System.nanoTime());
      }
    }
  }
}
