"""Mohlat keeps the promises of a vendor's terms of service that fall due."""
