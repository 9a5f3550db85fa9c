"""Proofs: certificates and the checker that verifies them."""
