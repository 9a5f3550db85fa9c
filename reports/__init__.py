"""How figures are shown: tables, pictures, documents and the command line."""
