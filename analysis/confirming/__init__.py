"""Other people's code beside the derivations, and the store of finished measurements."""
