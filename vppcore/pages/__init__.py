"""What a page of the book needs: a notebook's frame, claims, tables, figures."""
