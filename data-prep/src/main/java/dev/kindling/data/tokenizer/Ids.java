package dev.kindling.data.tokenizer;

import java.util.Arrays;

/** Token ids that grow: an int array with room at its end. */
final class Ids {
  private int[] ids;
  private int size;

  Ids(int room) {
    ids = new int[Math.max(16, room)];
  }

  void add(int id) {
    makeRoom(1);
    ids[size++] = id;
  }

  void add(int[] more) {
    makeRoom(more.length);
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  private void makeRoom(int count) {
    if (ids.length - size >= count) return;
    long wanted = Math.max((long) size + count, ids.length * 2L);
    ids = Arrays.copyOf(ids, (int) Math.min(wanted, Integer.MAX_VALUE - 8));
  }
}
