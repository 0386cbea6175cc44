"""Published claims: what they say, what they predict for a study, and which studies test them."""
