"""Laws of the reports: tables, pictures, documents and the command line."""
