"""The rules of a good plugin, each with a code, and the grade that follows from them."""
