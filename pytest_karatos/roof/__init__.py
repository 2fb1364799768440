"""Meet pytest here and nowhere below: options, fixtures, reports."""
