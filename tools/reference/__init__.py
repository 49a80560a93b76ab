"""Pages of docs/reference that are made from the sources: one module a page, each with a function `page`."""
