package dev.kindling.data.chat;

/** What a name or a field stands for that is not there: false, empty and no text; anything else that is asked of it fails. */
record Undefined(String why) {
  ChatException asked() {
    return new ChatException(why);
  }
}
