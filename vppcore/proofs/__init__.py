"""Exact proofs: linear programs in rationals, with a point and multipliers whose values agree."""
