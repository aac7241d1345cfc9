"""Days in a row: plan ahead, keep a day, carry on what is stored, settle what came otherwise."""
