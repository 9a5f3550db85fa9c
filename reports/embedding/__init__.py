"""Figures, tables and pictures between markers of a document, filled and checked there."""
