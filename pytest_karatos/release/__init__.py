"""A release: the very images that a green run tested, and what is known of them."""
