"""The joint optimum, and the same optimum negotiated and certified."""
