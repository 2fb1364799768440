"""The ledger as the parts of a page: rows of plain values here, markup in the templates."""
