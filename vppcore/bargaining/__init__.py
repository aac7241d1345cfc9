"""Who gets how much of the saving, and at which hourly prices."""
