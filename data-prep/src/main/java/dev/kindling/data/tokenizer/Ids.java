package dev.kindling.data.tokenizer;

import java.util.Arrays;

/** Token ids that grow: an int array with room at its end. */
final class Ids {
  private int[] ids;
  private int size;

  Ids(int room) {
    ids = new int[Math.max(16, room)];
  }

  int size() {
    return size;
  }

  int get(int index) {
    return ids[index];
  }

  void add(int id) {
    if (size == ids.length) makeRoom(1);
    ids[size++] = id;
  }

  void add(int[] more) {
    if (ids.length - size < more.length) makeRoom(more.length);
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  int last() {
    return ids[size - 1];
  }

  int removeLast() {
    return ids[--size];
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  int[] toArray(int from) {
    return Arrays.copyOfRange(ids, from, size);
  }

  private void makeRoom(int count) {
    long wanted = Math.max((long) size + count, ids.length * 2L);
    ids = Arrays.copyOf(ids, (int) Math.min(wanted, Integer.MAX_VALUE - 8));
  }
}
