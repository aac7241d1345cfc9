"""Splits of a saving among more VPPs than coalitions can be listed for."""
