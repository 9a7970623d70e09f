package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Raffel et al. 2019, section 2.2, rule by rule. */
class C4Test {
  private static final String PROSE = "The house was very old.\nNobody had lived there for \"years\"!\nWho would have bought it now?";

  @Test
  void linesOfProseStay() {
    assertThat(apply(PROSE).text()).isEqualTo(PROSE);
    assertThat(apply(PROSE + "\nHe said: \u201CI would buy it.\u201D").text()).endsWith("it.\u201D");
  }

  @Test
  void linesGoThatDoNotEndLikeASentenceOrAreShort() {
    assertThat(apply("Home | About | Contact us here\n" + PROSE + "\nRead on.\nThis line has no end").text())
        .isEqualTo(PROSE);
  }

  @Test
  void paragraphsStayApartAlsoWhereTheLinesBetweenThemGo() {
    String[] lines = PROSE.split("\n");
    String text = "\nHome\n\n" + lines[0] + "\n \n\n" + lines[1] + "\nRead on.\n" + lines[2] + "\n\nRead on.\n"
        + lines[0] + "\n\n";
    assertThat(apply(text).text())
        .isEqualTo(lines[0] + "\n\n" + lines[1] + "\n" + lines[2] + "\n\n" + lines[0]);
  }

  @Test
  void linesGoThatSpeakOfJavascriptOrPolicies() {
    assertThat(
        apply(PROSE + "\nPlease enable JavaScript in your browser settings.\nThis site uses cookies to serve you."
            + "\nRead our Privacy Policy and the Terms of Use now.").text())
        .isEqualTo(PROSE);
  }

  @Test
  void citationsGo() {
    assertThat(apply(PROSE.replace("old.", "old[1].[citation needed]")).text()).isEqualTo(PROSE);
  }

  @Test
  void pagesGoWithPlaceholdersOrCode() {
    assertThat(apply(PROSE + "\nLorem Ipsum").dropped()).isEqualTo("c4.loremIpsum: has the words lorem ipsum");
    assertThat(apply(PROSE + "\nif (x) }").dropped()).isEqualTo("c4.brackets: has a curly bracket");
  }

  @Test
  void pagesNeedThreeSentences() {
    assertThat(apply("One line has two. But no third one here.").dropped())
        .isEqualTo("c4.sentences: 2 sentences in lines of prose, fewer than 3");
    assertThat(apply("One line has three. Here it is (really!) now. And this is the last.").isKept()).isTrue();
  }

  private static Outcome apply(String text) {
    return new C4().apply(text);
  }
}
