"""The vendors' agreements as data, one file a product, and what reads and checks them."""
