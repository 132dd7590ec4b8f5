"""The local stack: the real deployment on one machine, with stand-ins for the outside world."""
