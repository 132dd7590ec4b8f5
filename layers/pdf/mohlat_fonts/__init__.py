"""Vazirmatn, the letters of invoices that are files. Under the SIL Open Font License: see OFL.txt."""
