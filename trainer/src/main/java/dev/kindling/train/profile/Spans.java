package dev.kindling.train.profile;

/** Is told what a rank's time goes to. Used by one thread. */
public interface Spans {
  /** Nobody asks. */
  Spans NONE = new Spans() {
    @Override
    public Part enter(Part part) {
      return part;
    }

    @Override
    public void step() {
    }
  };

  /** From now on time goes to {@code part}. @return where it went until now, to be entered again */
  Part enter(Part part);

  /** A step begins. */
  void step();
}
