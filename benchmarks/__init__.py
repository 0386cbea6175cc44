"""How fast CrossLift works beside other libraries, and simulations behind its statistics."""
