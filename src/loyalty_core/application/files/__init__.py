"""Files of facts: read line by line, whatever is wrong with some of them."""
