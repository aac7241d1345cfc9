"""The distribution network between the VPPs: voltage limits and power flow."""
