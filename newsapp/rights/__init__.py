"""What others may do with the paper: one policy of the settings, and all the places that it is written to (docs/rights.md)."""
