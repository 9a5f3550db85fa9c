"""The state bound: least cuts, found, compared, and certified by flows."""
