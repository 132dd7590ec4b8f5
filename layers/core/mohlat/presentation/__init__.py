"""How requests are read and how answers look: JSON shapes, problem texts, the payment page."""
