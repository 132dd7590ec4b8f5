"""The Jalali calendar as it is counted and shown in Tehran; the only importer of jdatetime."""
