"""One attempt of a push task: which request it makes, where it may go, who vouches for it, how it went."""
