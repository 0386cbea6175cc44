"""Published claims: what they say, what they predict of a study, and which studies test them."""
