"""One module per use case. A use case loads, lets the domain decide, and saves."""
