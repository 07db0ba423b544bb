"""The words of the deciding side, for pages and commands: codes and values in, sentences of the reader's language out."""
