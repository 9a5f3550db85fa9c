"""What is true of a model: figures, their derivations, proofs, growth and claims."""
