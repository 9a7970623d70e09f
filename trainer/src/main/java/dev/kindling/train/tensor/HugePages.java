package dev.kindling.train.tensor;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;

/**
 * Asks Linux to lay large blocks out in pages of 2 MiB (madvise(2), MADV_HUGEPAGE), where it does so for those who ask, as most
 * distributions have it: walks through the page table are a part of the time of whatever streams through memory. Elsewhere,
 * and where the call cannot be made, pages stay as they are.
 */
final class HugePages {
  private static final long PAGE = 2L << 20;
  private static final int MADV_HUGEPAGE = 14;
  private static final Function MADVISE = find();

  private HugePages() {
  }

  private static Function find() {
    try {
      return Platform.isLinux() ? NativeLibrary.getInstance("c").getFunction("madvise") : null;
    } catch (RuntimeException | Error e) {       // no native of JNA here, or none that may be unpacked: JNA throws just Error for some
      return null;
    }
  }

  /** The whole pages within a block that was not written yet. */
  static void advise(long address, long bytes) {
    long from = (address + PAGE - 1) / PAGE * PAGE;
    long length = (address + bytes) / PAGE * PAGE - from;
    if (MADVISE != null && length > 0) MADVISE.invokeInt(new Object[]{new Pointer(from), length, MADV_HUGEPAGE});
  }
}
