"""The multiple game of paper B: sellers set prices, buyers choose sellers."""
